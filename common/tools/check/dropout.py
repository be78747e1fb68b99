"""Compares the dropouts that are active in training, which evaluation does not show."""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np

from common import spec
from common.tools.check.describe import CHOICE, Difference
from common.tools.check.graph import RESULT, section
from common.tools.check.reading import Reading
from common.tools.check.trace import Array, Drop, agree
from common.tools.check.where_made import lines_of_dropout, of_reader

choice = partial(Difference, kind=CHOICE)
NO_STEP = "a map that is not in the published network"


def dropout_differences(reading: Reading) -> Iterator[Difference]:
    """Yields dropouts with a wrong rate, in a wrong place, missing, or not in the plan."""
    left, rates = list(reading.trace.drops or ()), dropouts(reading)
    missing = []
    for name, rate in rates.items():
        found = next((drop for drop in left if reads(reading, name, drop.input)), None)
        if found is None:
            missing.append(name)
            continue
        left.remove(found)
        if abs(found.rate - rate) > 1e-6:
            yield choice(
                layer=name,
                what="dropout: rate",
                yours=f"{found.rate:g}",
                table=f"{rate:g}",
                lines=lines_of_dropout(reading, found.input),
            )
    # Heads are only compared with a training step: without one, their dropouts have no place. A
    # dropout is missing for certain where the layers around it are the published ones.
    if not reading.trace.after:
        placed = [drop for drop in left if step_before(reading, drop.input)]
        sure = [name for name in missing if is_certain(reading, name)]
        others = [name for name in missing if name not in sure]
        missing = [*sure, *(others if len(placed) == len(left) else others[: len(placed)])]
        left = placed
    if len(missing) == len(left):  # equally many are elsewhere: pair them in execution order
        yield from misplaced(reading, missing, left)
        return
    for name in missing:
        table, lines = f"rate {rates[name]:g}", of_reader(reading, name)
        yield choice(layer=name, what="dropout missing", yours="none", table=table, lines=lines)
    for drop in left:
        what, own = "extra dropout", step_before(reading, drop.input)
        yours = f"rate {drop.rate:g}, after {own or NO_STEP}"
        lines = lines_of_dropout(reading, drop.input)
        yield choice(layer=own or RESULT, what=what, yours=yours, table="none", lines=lines)


def misplaced(reading: Reading, names: list[str], drops: list[Drop]) -> Iterator[Difference]:
    """Yields dropouts that are in another place, each with the published one in its position."""
    for name, drop in zip(names, drops, strict=True):
        own, table = step_before(reading, drop.input), reading.graph[name].inputs[0]
        yield choice(
            layer=name,
            what="dropout: place",
            yours=f"after {own or NO_STEP}",
            table=f"after {table}",
            lines=lines_of_dropout(reading, drop.input),
        )


def dropouts(reading: Reading) -> dict[str, float]:
    """The rates of the plan's dropouts that lead to an output, by name."""
    ends = [RESULT, *reading.plan.heads]
    used = {each for end in ends for each in section(reading.graph, end, ())}
    layers = {name: op.layer for name, op in reading.graph.items() if name in used}
    return {n: layer.rate for n, layer in layers.items() if isinstance(layer, spec.Dropout)}


def reads(reading: Reading, name: str, x: Array) -> bool:
    """Whether a dropout reads the same map as the plan's, or the equivalent map before its ReLU."""
    before = reading.graph[name].inputs[0]
    maps = [reading.value_read(name)]
    if reading.graph[before].layer == spec.ReLU():
        maps.append(reading.value_read(before))
    return any(y is not None and same_values(x, y, reading.trace.rough_digits) for y in maps)


def same_values(x: Array, y: Array, digits: int) -> bool:
    """Whether two maps hold the same values, flattened or not, channels first or last."""
    if x.size != y.size:
        return False
    forms = [[each.reshape(len(each), -1) for each in (z, np.moveaxis(z, 1, -1))] for z in (x, y)]
    return any(agree(one, other, digits) for one, other in product(*forms))


def is_certain(reading: Reading, name: str) -> bool:
    """Whether the layers from a dropout to the next layer with weights are the published ones."""
    readers = [*reading.matcher.readers_in_graph(name)]
    within = {each for reader in readers for each in section(reading.graph, reader, {name})}
    same = all(reading.graph.get(each) is reading.table.get(each) for each in (name, *within))
    return bool(readers) and same and not any(each in reading.unexplained for each in readers)


def step_before(reading: Reading, x: Array) -> str | None:
    """The first op of the plan whose output is this map; None if there is none."""
    for name in reading.graph:
        y = reading.value(name)
        if y is not None and same_values(x, y, reading.trace.rough_digits):
            return name
    return None
