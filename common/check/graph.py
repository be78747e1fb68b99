"""A plan as a graph: each word with the words whose outputs it reads; and what they compute."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from common import reference, spec
from common.check.trace import Array, trimmed
from common.errors import UsageError
from common.plan import Node, Plan
from common.planner import place
from common.spec import Word

IMAGE, RESULT = "image", "result"


@dataclass(frozen=True)
class Other:
    """What no table has, but networks that people write have: its name, and what it computes.

    Where it is the table's word but for one number, `field` says which, and `what` is its value.
    """

    what: str
    compute: Callable[[Array], Array]
    field: str = ""


@dataclass(frozen=True)
class Op:
    """A word and the ops that it reads; None passes on what it reads.

    `before` and `then` are steps before and behind it that the table does not have.
    """

    word: Word | Other | None
    inputs: tuple[str, ...]
    then: tuple[Word | Other, ...] = ()
    before: tuple[Word | Other, ...] = ()

    @property
    def is_weighted(self) -> bool:
        """Whether the word has weights of its own."""
        return isinstance(self.word, spec.Conv | spec.DepthwiseConv | spec.Linear | spec.BatchNorm)


Graph = dict[str, Op]
Values = dict[str, Array]
Weights = Mapping[str, Mapping[str, Array]]  # of each layer, by its op's name
NO_WEIGHTS: Weights = {}


class DoesNotFit(ValueError):
    """A word cannot be computed on what it is given."""


def draw(plan: Plan) -> Graph:
    """The graph of a plan, in the order of computation; `result` and the heads' names end it."""
    graph: Graph = {IMAGE: Op(None, ())}
    ends = {RESULT: draw_node(plan.body, IMAGE, graph)}
    steps = {step.path: step.source.path for step in plan.body.children}
    for name, head in plan.heads.items():
        ends[name] = draw_node(head, steps[plan.network.heads[name].after], graph)
    return graph | {name: Op(None, (end,)) for name, end in ends.items()}


def draw_node(node: Node, before: str, graph: Graph) -> str:
    """Adds a node and all within it; gives the name of the op that ends it."""
    match node.word:
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
    graph[node.path] = Op(node.word, tuple(inputs))
    return node.path


def value(graph: Graph, name: str, known: Values, weights: Weights = NO_WEIGHTS) -> Array:
    """What an op computes, where the outputs or the weights of those with weights are known.

    It and all that it took are left in `known`. Raises DoesNotFit.
    """
    if name not in known:
        op = graph[name]
        inputs = [value(graph, each, known, weights) for each in op.inputs]
        if op.before:
            inputs[0] = steps(name, op.before, inputs[0])
        if op.is_weighted and name in weights:
            y = with_weights(name, op.word, inputs[0], weights[name])
        else:
            y = combine(name, op.word, inputs)
        known[name] = steps(name, op.then, y)
    return known[name]


def value_read(graph: Graph, name: str, known: Values) -> Array:
    """What an op reads, after the steps before it; raises DoesNotFit."""
    op = graph[name]
    return steps(name, op.before, value(graph, op.inputs[0], known))


def where_it_fits(find: Callable[..., Array], *of: object) -> Array | None:
    """What `value`, `value_read` or another finds; None where a word does not fit."""
    try:
        return find(*of)
    except DoesNotFit:
        return None


def steps(name: str, words: Iterable[Word | Other], y: Array) -> Array:
    """What steps before or behind an op make of a map."""
    for word in words:
        y = combine(name, word, [y])
    return y


def combine(name: str, word: Word | Other | None, inputs: list[Array]) -> Array:
    """What a word without weights makes of its inputs; raises DoesNotFit."""
    try:
        match word:
            case None:
                return inputs[0]
            case Other(compute=compute):
                return compute(inputs[0])
            case spec.Concat():
                return np.concatenate(inputs, axis=1)
            case spec.Residual(scale=scale):
                return scale * inputs[0] + inputs[1]
            case spec.Conv() | spec.DepthwiseConv() | spec.Linear() | spec.BatchNorm():
                raise DoesNotFit(f"{name}: its output is not known")
        node = place(word, name, inputs[0].shape[1:])
        return reference.compute(node, inputs[0], {})
    except (UsageError, ValueError, IndexError) as error:
        raise DoesNotFit(f"{name}: {error}") from None


def with_weights(
    name: str, word: Word | Other | None, x: Array, weights: Mapping[str, Array]
) -> Array:
    """What a word with weights makes of its input; raises DoesNotFit."""
    if isinstance(word, spec.Linear) and "weight" in weights:  # a 1x1 convolution is one, too
        x, weights = trimmed(x), {**weights, "weight": trimmed(weights["weight"])}
    if isinstance(word, spec.Conv) and x.ndim == 2:
        x, weights = x[..., None, None], {**weights, "weight": weights["weight"][..., None, None]}
    try:
        if isinstance(word, Other):
            return word.compute(x)
        node = place(word, name, x.shape[1:])  # type: ignore[arg-type]
        needed = {weight for weight, _ in (*node.parameters, *node.statistics)}
        if needed != set(weights):
            raise DoesNotFit(f"{name}: it has {', '.join(sorted(weights))}")
        return reference.compute(node, x, weights)
    except (UsageError, ValueError, IndexError, KeyError) as error:
        raise DoesNotFit(f"{name}: {error}") from None


def section(graph: Graph, name: str, ends: Iterable[str]) -> list[str]:
    """The ops that lead to one, back to the `ends`, which are among them; the nearest first."""
    found: dict[str, None] = {}
    waiting = list(graph[name].inputs)
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found[each] = None
            if each not in ends:
                waiting += graph[each].inputs
    return list(found)


def words_between(graph: Graph, name: str, ends: Iterable[str]) -> list[Word | Other | None]:
    """What is computed between the `ends`, whose outputs are known, and what an op reads."""
    words: list[Word | Other | None] = [*graph[name].before]
    for each in section(graph, name, ends):
        op = graph[each]
        words += [*op.then] if each in ends else [*op.before, op.word, *op.then]
    return words


def downstream(graph: Graph, names: Iterable[str], ends: Iterable[str] = ()) -> set[str]:
    """These ops and those that read them, directly or by others, as far as the `ends`."""
    found = set(names)
    for name, op in graph.items():
        if name not in ends and not found.isdisjoint(op.inputs):
            found.add(name)
    return found
