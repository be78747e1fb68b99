"""The calculations of every cell of a map as JSON, from which the page's script shows one."""

import json
from collections.abc import Sequence
from math import isfinite, isnan

from markupsafe import Markup

from common.spec.plan import Node
from common.tools.page.calculation import DIGITS, Calculation
from common.tools.page.chosen_channel import Cell

MAX_CELLS = 28 * 28  # of a map, so that the page of a large network stays under 3 MB
VALUE = 12  # digits, more than the page shows, so that it can take differences
DECIMALS = 6  # of sums
Plain = int | float | str


def cells_of(step: Node) -> list[Cell]:
    """Every cell of a step's map, row by row; none if there are too many to embed."""
    _, rows, columns = step.output
    if rows * columns > MAX_CELLS:
        return []
    return [(row, column) for row in range(rows) for column in range(columns)]


def numbers_json(calculations: Sequence[Calculation]) -> Markup:
    """The numbers of all cells, by column, as JSON that can be embedded in a page.

    A product is written as the number of its term and its input value. A term is a channel, a
    row and a column relative to the cell's position times the stride, and the weight.
    """
    terms: dict[tuple[Plain, ...], int] = {}
    products = [products_of(each, terms) for each in calculations]
    stages = [name for name, _ in calculations[0].stages[:-1]]  # the last one is the value
    data = {
        "strides": calculations[0].strides,
        "terms": list(terms),
        "products": products,
        "more": [each.more for each in calculations],
        "rest": [plain(round(each.rest, DECIMALS)) for each in calculations],
        "stages": {
            name: [plain(round(each.stages[index][1], DECIMALS)) for each in calculations]
            for index, name in enumerate(stages)
        },
        "value": [digits(each.value, VALUE) for each in calculations],
        "frameworks": {
            name: [digits(each.frameworks[name], VALUE) for each in calculations]
            for name in calculations[0].frameworks
        },
    }
    return Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))


def products_of(one: Calculation, terms: dict[tuple[Plain, ...], int]) -> list[Plain]:
    """The term and the input value of each of a cell's largest products; new terms are added."""
    row, column = (index * stride for index, stride in zip(one.cell, one.strides, strict=True))
    numbers: list[Plain] = []
    for each in one.products:
        term = each.channel, each.row - row, each.column - column, digits(each.weight, DIGITS)
        numbers += [terms.setdefault(term, len(terms)), digits(each.value, DIGITS)]
    return numbers


def digits(value: float, count: int) -> Plain:
    """A number with this many significant digits."""
    return plain(float(f"{value:.{count}g}"))


def plain(value: float) -> Plain:
    """A number as short as JSON allows; infinity and NaN, which it lacks, as JavaScript's names."""
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) else value
