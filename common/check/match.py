"""Which of the layers that ran is which of the table's: by shape, and by the map that it reads."""

from collections.abc import Iterator, Sequence

import numpy as np

from common import spec
from common.check.graph import Graph
from common.check.trace import Array, Call, Trace, reads
from common.plan import Plan
from common.spec import Shape, Word

Shapes = dict[str, tuple[str, Shape]]  # of an op's weight, with its kind, by the op's name


def kind_of(word: Word) -> str:
    """The kind of layer that a word with weights is, in a trace's words."""
    match word:
        case spec.BatchNorm():
            return "norm"
        case spec.Linear():
            return "linear"
    return "conv"


def wanted_shapes(plan: Plan) -> Shapes:
    """The kind and shape of every layer with weights."""
    return {
        node.path: signature(
            kind_of(node.word),
            dict(node.statistics).get("running_mean") or dict(node.parameters)["weight"],
        )
        for node in plan.nodes()
        if node.parameters
    }


def signature(kind: str, shape: Shape) -> tuple[str, Shape]:
    """A layer's kind and shape, a linear one as the 1x1 convolution that it is."""
    if kind == "linear":
        return "conv", (*shape, 1, 1)
    return kind, shape


def of_call(call: Call) -> tuple[str, Shape]:
    """The same of a layer that ran."""
    return signature(call.kind, call.shape)


class Matcher:
    """The layers that ran, and which of them are taken."""

    def __init__(self, trace: Trace, graph: Graph, wanted: Shapes) -> None:
        self.calls, self.digits = trace.calls, trace.digits
        self.graph, self.wanted = graph, wanted
        self.signatures = [of_call(call) for call in self.calls]
        self.taken: dict[str, int] = {}
        self.free = dict.fromkeys(range(len(self.calls)))

    def take(self, name: str, expected: Array | None) -> Call | None:
        """The layer that is this op, where its input is expected to be this; None if none is."""
        number = self.choose(name, expected)
        if number is None:
            return None
        del self.free[number]
        self.taken[name] = number
        return self.calls[number]

    def choose(self, name: str, expected: Array | None) -> int | None:
        """The number of that layer."""
        kind, shape = self.wanted[name]
        free = [number for number in self.free if self.signatures[number][0] == kind]
        same = [number for number in free if self.signatures[number][1] == shape]
        readers = [] if expected is None else list(self.readers(expected, range(len(self.calls))))
        exact = [number for number in same if number in readers]
        if len(exact) > 1:
            return max(exact, key=lambda number: self.likeness(name, number))
        if exact:
            return exact[0]
        spare = [number for number in free if not self.is_wanted(number, name)]
        others = [number for number in spare if number in readers]
        if others:
            return min(others, key=lambda number: unlike(self.signatures[number][1], shape))
        if same and (not readers or self.is_near(same[0])):
            return same[0]
        near = [number for number in spare if self.is_near(number)]
        if near and not readers:
            return min(near, key=lambda number: unlike(self.signatures[number][1], shape))
        return None

    def is_near(self, number: int) -> bool:
        """Whether a layer ran soon after those that are taken."""
        return number - max(self.taken.values(), default=0) < 4

    def is_wanted(self, number: int, name: str) -> bool:
        """Whether a layer has the very shape of another op that is still to come nearby."""
        names = list(self.wanted)
        start = names.index(name)
        coming = names[start + 1 : start + 25]
        return any(self.wanted[other] == self.signatures[number] for other in coming)

    def readers(self, x: Array, among: Sequence[int]) -> Iterator[int]:
        """The layers that read this map."""
        for number in among:
            if reads(self.calls[number], x, self.digits):
                yield number

    def likeness(self, name: str, number: int) -> int:
        """How far what follows a layer is what follows an op: twins read one map."""
        y = self.calls[number].output
        following = dict.fromkeys(
            follower
            for map in (y, np.maximum(y, 0))
            for follower in self.readers(map, [*self.free])
        )
        score = 0
        for reader in self.readers_in_graph(name):
            for follower in following:
                if self.signatures[follower] == self.wanted[reader]:
                    score += 1 + self.likeness(reader, follower)
                    del following[follower]
                    break
        return score - len(following)

    def readers_in_graph(self, name: str) -> Iterator[str]:
        """The ops with weights that read an op's output, directly or by a ReLU."""
        for other, op in self.graph.items():
            if name in op.inputs:
                if op.is_weighted:
                    yield other
                elif op.word == spec.ReLU():
                    yield from self.readers_in_graph(other)


def unlike(one: Shape, other: Shape) -> float:
    """In how many sizes two shapes differ; kernels count more than channels."""
    if len(one) != len(other):
        return 10.0
    weights = (1, 1, 2, 2)
    return sum(w for w, a, b in zip(weights, one, other, strict=False) if a != b)
