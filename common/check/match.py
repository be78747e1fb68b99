"""Which of the layers that ran is which of the table's: by shape, and by the map that it reads."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from common import spec
from common.check.graph import Graph
from common.check.trace import Array, Call, Trace, agree, reads
from common.plan import Plan
from common.spec import Shape, Word

Signature = tuple[str, Shape]
Shapes = dict[str, Signature]  # of an op's weight, with its kind, by the op's name


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


def signature(kind: str, shape: Shape) -> Signature:
    """A layer's kind and shape, a linear one as the 1x1 convolution that it is."""
    if kind == "linear":
        return "conv", (*shape, 1, 1)
    return kind, shape


def of_call(call: Call) -> Signature:
    """The same of a layer that ran."""
    return signature(call.kind, call.shape)


class Matcher:
    """The layers that ran, and which of them are taken."""

    def __init__(self, trace: Trace, graph: Graph, wanted: Shapes) -> None:
        self.calls, self.digits = trace.calls, trace.rough_digits
        self.graph, self.wanted = graph, wanted
        self.signatures = [of_call(call) for call in self.calls]
        self.taken: dict[str, int] = {}
        self.free = dict.fromkeys(range(len(self.calls)))
        self.coming = dict.fromkeys(wanted)  # the ops that have not asked for their layer yet

    def take(self, name: str, expected: Array | None) -> Call | None:
        """The layer that is this op, where its input is expected to be this; None if none is."""
        number = self.choose(name, expected)
        del self.coming[name]
        if number is None:
            return None
        del self.free[number]
        self.taken[name] = number
        return self.calls[number]

    def release(self, name: str) -> None:
        """Gives back the layer that an op has taken: another is more like it."""
        if name in self.taken:
            self.free[self.taken.pop(name)] = None
            self.free = dict.fromkeys(sorted(self.free))

    def shared(self) -> dict[str, str]:
        """The ops whose layers have the weights of another's: those drawn are never the same."""
        seen: dict[bytes, str] = {}
        found: dict[str, str] = {}
        for name, number in self.taken.items():
            weights = self.calls[number].weights
            key = b"".join(weights[each].ravel()[:9].tobytes() for each in sorted(weights))
            if weights and seen.setdefault(key, name) != name:
                found[name] = seen[key]
        return found

    def settled(self) -> list[Call]:
        """The layers that are taken, or wanted by an op to come: none that no table has."""
        calls = enumerate(self.calls)
        return [
            call for number, call in calls if number not in self.free or not self.is_spare(number)
        ]

    def choose(self, name: str, expected: Array | None) -> int | None:
        """The number of the layer that is this op."""
        kind, _ = self.wanted[name]
        free = [number for number in self.free if self.signatures[number][0] == kind]
        readers = [] if expected is None else list(self.readers(expected, free))
        chosen = self.partner(name, readers) if readers else None
        return self.stray(name, expected, free) if chosen is None else chosen

    def partner(self, name: str, readers: list[int]) -> int | None:
        """Which of the layers that read an op's map it is, where other ops read that map, too."""
        inputs = self.graph[name].inputs
        rivals = [other for other in self.coming if self.graph[other].inputs == inputs]
        same = [number for number in readers if self.unlike(name, number) == 0]
        if len(same) > 1:
            return max(same, key=lambda number: self.likeness(name, number))
        pairs = [
            (unlike, -self.likeness(rival, number), place, number, rival)
            for place, rival in enumerate(rivals)
            for number in readers
            if (unlike := self.unlike(rival, number)) is not None
        ]
        partners: dict[str, int] = {}
        for *_, number, rival in sorted(pairs):
            if rival not in partners and number not in partners.values():
                partners[rival] = number
        return partners.get(name)

    def unlike(self, name: str, number: int) -> float | None:
        """In how many numbers a layer differs from an op that reads the same map.

        None where the layer is another op's: one behind this, or one of just its shape.
        """
        own, found = made(self.wanted[name]), made(self.signatures[number])
        if own == found:
            return 0
        behind = [made(self.wanted[reader]) for reader in self.readers_in_graph(name)]
        if found in behind or not self.is_spare(number):
            return None
        return sum(weight for weight, a, b in zip((1, 2, 2), own, found, strict=False) if a != b)

    def is_spare(self, number: int) -> bool:
        """Whether more layers of this shape ran than the ops to come can take."""
        shape = self.signatures[number]
        left = sum(self.signatures[other] == shape for other in self.free)
        return left > sum(self.wanted[other] == shape for other in self.coming)

    def stray(self, name: str, expected: Array | None, free: Sequence[int]) -> int | None:
        """The layer that is an op though it reads another map than expected."""
        shape = self.wanted[name]
        same = [number for number in free if self.signatures[number] == shape]
        following = self.taken.get(self.graph[name].inputs[0], max(self.taken.values(), default=-1))
        if len(same) >= sum(self.wanted[other] == shape for other in self.coming):
            return self.likeliest(name, expected, same)
        if following + 1 in same:
            return following + 1
        if not self.may_have_other_channels(name):
            return None
        wanted = Counter(self.wanted[other] for other in self.coming)
        alike = [
            number
            for number in free
            if made(self.signatures[number]) == made(shape) and not wanted[self.signatures[number]]
        ]
        if not alike or self.is_aside(alike[0]):
            return None
        return self.likeliest(name, expected, alike)

    def likeliest(self, name: str, expected: Array | None, same: list[int]) -> int:
        """Of layers of one shape: the one that reads the values expected, in any order, or the
        first; of those that read what the first does, the one that goes on as the op does."""
        given = {number: self.calls[number].input for number in same}
        if expected is not None:
            for number, x in given.items():
                if x.size == expected.size and agree(
                    np.sort(x.ravel()), np.sort(expected.ravel()), self.digits
                ):
                    return number
        twins = [number for number in same if agree(given[number], given[same[0]], self.digits)]
        if len(twins) == 1:
            return twins[0]
        return max(twins, key=lambda number: self.likeness(name, number))

    def may_have_other_channels(self, name: str) -> bool:
        """Whether an op reads branches joined, which no layer that was found has read."""
        before = self.graph[name].inputs
        while len(before) == 1 and not isinstance(self.graph[before[0]].word, spec.Concat):
            if self.graph[before[0]].is_weighted:
                return False
            before = self.graph[before[0]].inputs
        return len(before) == 1 and not any(
            self.graph[other].inputs == before for other in self.taken
        )

    def is_aside(self, number: int) -> bool:
        """Whether a layer reads what those that are taken read, or what one layer made."""
        x = self.calls[number].input
        maps = [self.calls[other].input for other in self.taken.values()]
        for call in self.calls[:number]:
            maps += (
                [call.output, np.maximum(call.output, 0)] if call.output.shape == x.shape else []
            )
        return any(agree(x, each, self.digits) for each in maps)

    def readers(self, x: Array, among: Sequence[int]) -> Iterator[int]:
        """The layers that read this map."""
        for number in among:
            if reads(self.calls[number], x, self.digits):
                yield number

    def likeness(self, name: str, number: int) -> float:
        """How far what follows a layer is what follows an op: twins read one map."""
        y = self.calls[number].output
        following = dict.fromkeys(
            follower
            for map in (y, np.maximum(y, 0))
            for follower in self.readers(map, [*self.free])
        )
        score = 0.0
        for reader in self.readers_in_graph(name):
            if following:
                best = max(following, key=lambda follower: self.alike(reader, follower))
                score += self.alike(reader, best) + self.likeness(reader, best)
                del following[best]
            else:
                score -= 1
        return score - len(following)

    def alike(self, name: str, number: int) -> float:
        """How much of a layer's shape is an op's."""
        own, found = self.wanted[name], self.signatures[number]
        return 1 if own == found else 0.5 * (made(own)[:1] == made(found)[:1])

    def readers_in_graph(self, name: str) -> Iterator[str]:
        """The ops with weights that read an op's output, directly or by a ReLU."""
        for other, op in self.graph.items():
            if name in op.inputs:
                if op.is_weighted:
                    yield other
                elif op.word == spec.ReLU():
                    yield from self.readers_in_graph(other)


def made(layer: Signature) -> Shape:
    """What of a layer's shape does not follow from the map it reads: channels, rows, columns."""
    kind, shape = layer
    return shape if kind == "norm" else (shape[0], *shape[2:])
