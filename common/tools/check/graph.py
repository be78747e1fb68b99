"""A plan as a graph of ops, which are layers with the ops whose outputs they read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass

import numpy as np

from common import spec
from common.errors import UsageError
from common.reference import layers as reference
from common.spec import Layer
from common.spec.plan import Node, Plan
from common.spec.planner import make_node
from common.tools.check.trace import Array, trimmed

IMAGE, RESULT = "image", "result"


@dataclass(frozen=True, kw_only=True)
class Other:
    """An operation without a layer type, which third-party networks use: its name and function.

    If it is the plan's layer except for one number, `field` names that and `what` is its value.
    It computes each "channel" of an image separately, or each "image" of a batch, or the "batch";
    an output that is "given" does not depend on the input.
    """

    what: str
    compute: Callable[[Array], Array]
    field: str = ""
    each: str = "batch"


@dataclass(frozen=True)
class Op:
    """A layer and the ops whose outputs it reads; the layer None passes its input on.

    `before` and `then` are steps before and after the layer that the plan does not have.
    """

    layer: Layer | Other | None
    inputs: tuple[str, ...]
    _: KW_ONLY
    then: tuple[Layer | Other, ...] = ()
    before: tuple[Layer | Other, ...] = ()

    @property
    def is_weighted(self) -> bool:
        """Whether the layer has weights of its own."""
        return isinstance(self.layer, spec.Conv | spec.DepthwiseConv | spec.Linear | spec.BatchNorm)


Graph = dict[str, Op]
Values = dict[str, Array]
Weights = Mapping[str, Mapping[str, Array]]  # of each layer, by the name of its op
# Twice the widest network has 4,292. Where a branch has no layers, it passes its input on, and maps
# would grow with every module.
MOST_CHANNELS = 5000
NO_WEIGHTS: Weights = {}


class DoesNotFit(ValueError):
    """Raised when a layer cannot be computed on its input."""


def draw(plan: Plan) -> Graph:
    """The graph of a plan in order of computation; it ends with `result` and the heads' names."""
    graph: Graph = {IMAGE: Op(None, ())}
    ends = {RESULT: draw_node(plan.body, IMAGE, graph)}
    steps = {step.path: step.source.path for step in plan.body.children}
    for name, head in plan.heads.items():
        ends[name] = draw_node(head, steps[plan.spec.heads[name].after], graph)
    return graph | {name: Op(None, (end,)) for name, end in ends.items()}


def draw_node(node: Node, before: str, graph: Graph) -> str:
    """Adds a node and all its children to the graph; returns the name of its last op."""
    match node.layer:
        case spec.Chain():
            for child in node.children:
                before = draw_node(child, before, graph)
            return before
        case spec.Concat():
            inputs = [draw_node(child, before, graph) for child in node.children]
        case spec.Residual(shortcut=shortcut):
            inputs = [draw_node(child, before, graph) for child in node.children]
            inputs += [] if shortcut else [before]
        case _:
            inputs = [before]
    graph[node.path] = Op(node.layer, tuple(inputs))
    return node.path


def value(graph: Graph, name: str, known: Values, weights: Weights = NO_WEIGHTS) -> Array:
    """The output of an op, given the outputs (`known`) or the weights of the layers with weights.

    This output and all that are computed on the way are added to `known`. Raises DoesNotFit.
    """
    if name not in known:
        op = graph[name]
        inputs = [value(graph, each, known, weights) for each in op.inputs]
        if op.before:
            inputs[0] = steps(name, op.before, inputs[0])
        if op.is_weighted and name in weights:
            y = with_weights(name, op.layer, inputs[0], weights[name])
        else:
            y = combine(name, op.layer, inputs)
        known[name] = steps(name, op.then, y)
    return known[name]


def value_read(graph: Graph, name: str, known: Values) -> Array:
    """The input of an op, after the steps before it; raises DoesNotFit."""
    op = graph[name]
    return steps(name, op.before, value(graph, op.inputs[0], known))


def where_it_fits(find: Callable[..., Array], *of: object) -> Array | None:
    """The result of `find`, such as `value` or `value_read`; None where a layer does not fit."""
    try:
        return find(*of)
    except DoesNotFit:
        return None


def steps(name: str, layers: Iterable[Layer | Other], y: Array) -> Array:
    """The result of applying these steps, those before or after an op, to a feature map."""
    for layer in layers:
        y = combine(name, layer, [y])
    return y


def combine(name: str, layer: Layer | Other | None, inputs: list[Array]) -> Array:
    """The output of a layer without weights for its inputs; raises DoesNotFit."""
    try:
        match layer:
            case None:
                return inputs[0]
            case Other(compute=compute):
                return compute(inputs[0])
            case spec.Concat():
                if sum(each.shape[1] for each in inputs) > MOST_CHANNELS:
                    raise DoesNotFit(f"{name}: too many channels")
                return np.concatenate(inputs, axis=1)
            case spec.Residual(scale=scale):
                return scale * inputs[0] + inputs[1]
            case spec.Conv() | spec.DepthwiseConv() | spec.Linear() | spec.BatchNorm():
                raise DoesNotFit(f"{name}: its output is not known")
        node = make_node(layer, name, inputs[0].shape[1:])
        return reference.compute(node, inputs[0], {})
    except (UsageError, ValueError, IndexError) as error:
        raise DoesNotFit(f"{name}: {error}") from None


def with_weights(
    name: str, layer: Layer | Other | None, x: Array, weights: Mapping[str, Array]
) -> Array:
    """The output of a layer with weights for its input; raises DoesNotFit."""
    if isinstance(layer, spec.Linear) and "weight" in weights:  # or a 1x1 convolution
        x, weights = trimmed(x), {**weights, "weight": trimmed(weights["weight"])}
    if isinstance(layer, spec.Conv):  # or a linear layer on a 1 x 1 map
        x = x[..., None, None] if x.ndim == 2 else x
        if weights["weight"].ndim == 2:
            weights = {**weights, "weight": weights["weight"][..., None, None]}
    try:
        if isinstance(layer, Other):
            return layer.compute(x)
        node = make_node(layer, name, x.shape[1:])  # type: ignore[arg-type]
        needed = {weight for weight, _ in (*node.parameters, *node.buffers)}
        if needed != set(weights):
            raise DoesNotFit(f"{name}: it has {', '.join(sorted(weights))}")
        return reference.compute(node, x, weights)
    except (UsageError, ValueError, IndexError, KeyError) as error:
        raise DoesNotFit(f"{name}: {error}") from None


def section(graph: Graph, name: str, ends: Iterable[str]) -> list[str]:
    """The ops that lead to an op, back to and including the `ends`, nearest first."""
    found: dict[str, None] = {}
    waiting = list(graph[name].inputs)
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found[each] = None
            if each not in ends:
                waiting += graph[each].inputs
    return list(found)


def layers_between(graph: Graph, name: str, ends: Iterable[str]) -> list[Layer | Other | None]:
    """The layers between the `ends`, whose outputs are known, and the input of an op."""
    layers: list[Layer | Other | None] = [*graph[name].before]
    for each in section(graph, name, ends):
        op = graph[each]
        layers += [*op.then] if each in ends else [*op.before, op.layer, *op.then]
    return layers


def downstream(graph: Graph, names: Iterable[str], ends: Iterable[str] = ()) -> set[str]:
    """These ops and all that read them, directly or through others, stopping before the `ends`."""
    found = set(names)
    for name, op in graph.items():
        if name not in ends and not found.isdisjoint(op.inputs):
            found.add(name)
    return found
