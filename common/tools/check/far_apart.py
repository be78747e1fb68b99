"""Joins the differences of a part of a network that is built differently from the published one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from common.tools.check.decisions import module_of
from common.tools.check.describe import Difference
from common.tools.check.match import made, of_call, wanted_shapes
from common.tools.check.reading import Reading

MANY = 5  # modules with layers that no change explains
MAX_SHOWN = 8  # kinds of layers
MISSING = "convolution missing"


def joined_where_far_apart(
    found: Sequence[Difference], unexplained: Sequence[Difference], reading: Reading
) -> tuple[list[Difference], list[Difference]]:
    """The differences, and those unexplained; one for all of a part that has many of these.

    In such a part, layers have been compared that do not correspond, so that differences between
    them say nothing. What remains true is which layers one network has and the other lacks.
    """
    for head in reading.plan.heads:
        found, unexplained = joined_in_head(head, found, unexplained)
    steps = [child.path for root in reading.plan.roots() for child in root.children]
    odd = sorted({steps.index(m) for each in unexplained if (m := module_of(each)) in steps})
    if len(odd) < MANY:
        return list(found), list(unexplained)
    first, missing = odd[0], Counter(module_of(each) for each in found if each.what == MISSING)
    while first and missing[steps[first - 1]] > 1:  # as if they were compared with others
        first -= 1
    part = steps[first : odd[-1] + 1]
    inside = [each for each in unexplained if module_of(each) in part]
    yours, table = without_counterpart(reading)
    lines = tuple(dict.fromkeys(line for each in inside for line in each.lines))
    whole = Difference(
        layer=part[0], what="unexplained", yours=yours, table=table, lines=lines, places=tuple(part)
    )
    left = [each for each in unexplained if each not in inside]
    return [each for each in found if module_of(each) not in part], [whole, *left]


def joined_in_head(
    head: str, found: Sequence[Difference], unexplained: Sequence[Difference]
) -> tuple[Sequence[Difference], Sequence[Difference]]:
    """The differences, with those of a head as one if several are unexplained."""
    inside = [each for each in unexplained if module_of(each) == head]
    if len(inside) < 2:
        return found, unexplained
    left = [each for each in unexplained if each not in inside]
    whole = replace(inside[-1], layer=head, places=(head,))
    return [each for each in found if module_of(each) != head], [*left, whole]


def without_counterpart(reading: Reading) -> tuple[str, str]:
    """The convolutions that only the user's network has, and those that only the plan has."""
    own = Counter(made(of_call(call)) for call in reading.trace.calls)
    table = Counter(map(made, wanted_shapes(reading.plan).values()))
    return sizes_text(own - table), sizes_text(table - own)


def sizes_text(layers: Counter) -> str:
    """How many convolutions of each size there are, such as `7 of 1x7 256`."""
    shown = [
        f"{count} of {size[1]}x{size[2]} {size[0]}"
        for size, count in layers.items()
        if len(size) > 1  # a norm has one number
    ]
    more = ["..."] if len(shown) > MAX_SHOWN else []
    layers_text = ", ".join([*shown[:MAX_SHOWN], *more])
    return f"without counterpart: {layers_text or 'no convolution'}"
