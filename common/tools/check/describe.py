"""Describes how an op differs from that of the plan."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from common import spec
from common.spec import Layer, PaddingRule, pair
from common.tools.analysis.diff import value_text
from common.tools.check.graph import Op, Other

CONVENTION, MISTAKE, CHOICE = "convention", "mistake", "choice"
USUAL_EPS = (1e-3, 1e-5)  # of batch norms in published code


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference at one layer, between `yours` and the plan's, `table`.

    `also_in` are the published variants that share it; `effect` is its relative effect on the
    result, if known; `lines` are those in which the layer was created. `places` are all layers of
    one decision, of which `layer` is the first. `kind` is CONVENTION if published code has it,
    CHOICE for a setting that depends on the task, such as a dropout rate, and else MISTAKE; it is
    "" until it is known.
    """

    layer: str
    what: str
    yours: str
    table: str
    also_in: tuple[str, ...] = ()
    effect: float | None = None
    lines: tuple[int, ...] = ()
    places: tuple[str, ...] = ()
    kind: str = ""


IN_PLACE = (
    "in-place ReLU: the shortcut reads its output",
    "map after the ReLU",
    "map before the ReLU",
)


GROUP_NORM, LAYER_NORM = (f"{kind} norm instead of batch norm" for kind in ("group", "layer"))
# Extra steps whose names say so themselves.
ACTIONS = re.compile(r"(extra|active|all values|each channel|channels|rows|turned|mirrored)\b.*")


def op_differences(table: Op, yours: Op) -> Iterator[tuple[str, str, str]]:
    """Yields the differences between two ops as (what, yours, table)."""
    if yours.layer is None and yours.inputs != table.inputs:
        yield part_missing(table, yours)
        return
    if yours.layer != table.layer:
        yield from describe_layers(table.layer, yours.layer)
    for layer in yours.before:
        yield f"{extra(layer)} before it", layer_label(layer), "none"
    for layer in yours.then:
        if isinstance(table.layer, spec.Residual) and layer == spec.ReLU():
            yield IN_PLACE
            continue
        yield extra(layer), layer_label(layer), "none"
    if yours.inputs != table.inputs:
        own, theirs = short_names(yours.inputs), short_names(table.inputs)
        if len(yours.inputs) < len(table.inputs):
            yield "branch missing", own, theirs
        elif len(yours.inputs) > len(table.inputs):
            yield "extra branch", own, theirs
        elif sorted(yours.inputs) == sorted(table.inputs):
            yield "order of branches", own, theirs
        else:
            yield "reads a different feature map", ", ".join(yours.inputs), ", ".join(table.inputs)


def part_missing(table: Op, yours: Op) -> tuple[str, str, str]:
    """The difference between an op that only passes its input on and the plan's op."""
    own, theirs = ", ".join(yours.inputs), ", ".join(table.inputs)
    if own not in table.inputs:
        return "module missing", own, layer_label(table.layer)
    return "input not added" if own == table.inputs[0] else "branch missing", own, theirs


def describe_layers(
    table: Layer | Other | None, yours: Layer | Other | None
) -> Iterator[tuple[str, str, str]]:
    """Yields the differences between two layers as (what, yours, table)."""
    if yours is None:
        yield f"{usual_name(table)} missing", "none", layer_label(table)
    elif isinstance(yours, Other) and yours.field:
        yield (
            f"{usual_name(table)}: {yours.field}",
            yours.what,
            value_text(usual(table, yours.field)),
        )
    elif type(yours) is type(table) and not isinstance(yours, Other):
        for field in fields(yours):
            own, theirs = (getattr(layer, field.name) for layer in (yours, table))
            if (
                field.compare
                and own != theirs
                and not (field.name == "padding" and implied(table, yours))
            ):
                what = f"{usual_name(yours)}: {field.name.replace('_', ' ')}"
                yield what, value_text(own), value_text(theirs)
    else:
        names = {"group norm": GROUP_NORM, "layer norm": LAYER_NORM}
        what = names.get(usual_name(yours), "") if isinstance(table, spec.BatchNorm) else ""
        what = what or f"{usual_name(table)} replaced"
        yield what, layer_label(yours), layer_label(table)


USUAL = {"groups": 1, "dilation": 1, "border": "zeros", "bias": False}


def usual(layer: Layer | Other | None, field: str) -> object:
    """The plan's value of a field; for a field that specs do not have, its usual value."""
    return getattr(layer, field, USUAL.get(field, True))


def implied(table: Layer | Other | None, yours: Layer | Other | None) -> bool:
    """Whether the padding only follows from the kernel, and both layers keep the map's size."""

    def keeps(layer: Layer | Other | None) -> bool:
        if not isinstance(layer, spec.Conv | spec.DepthwiseConv | spec.MaxPool | spec.AvgPool):
            return False
        half = tuple(n // 2 for n in pair(layer.kernel))
        return not isinstance(layer.padding, PaddingRule) and pair(layer.padding) == half

    return keeps(table) and keeps(yours)


def usual_name(layer: Layer | Other | None) -> str:
    """The usual name of a layer."""
    if isinstance(layer, Other):
        return layer.what.split(":")[0]
    return layer.label if layer else "nothing"


def extra(layer: Layer | Other) -> str:
    """The name of a layer that the published network does not have."""
    name = usual_name(layer)
    return name if ACTIONS.fullmatch(name) else f"extra {name}"


def layer_label(layer: Layer | Other | None) -> str:
    """The name of a layer with its numbers."""
    if layer is None:
        return "none"
    if isinstance(layer, Other):
        return layer.what
    numbers = [
        f"{field.name.replace('_', ' ')} {value_text(getattr(layer, field.name))}"
        for field in fields(layer)
        if field.compare and not isinstance(getattr(layer, field.name), dict | spec.Chain)
    ]
    return f"{layer.label} ({', '.join(numbers)})" if numbers else layer.label


def short_names(paths: tuple[str, ...]) -> str:
    """The names of the branches that end at `paths`."""
    start = 0
    while len({path.split(".")[start] for path in paths if path.count(".") > start}) == 1:
        if any(path.count(".") <= start for path in paths):
            break
        start += 1
    return ", ".join(path.split(".")[min(start, path.count("."))] for path in paths)
