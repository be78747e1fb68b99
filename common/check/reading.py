"""Reads a network by its trace: follows a table from layer to layer, and explains what differs.

Each stretch between layers with weights is computed from the user's own maps, so that every
difference is seen alone, however many there are.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from common import spec
from common.check.graph import (
    IMAGE,
    RESULT,
    DoesNotFit,
    Graph,
    Other,
    Values,
    downstream,
    draw,
    section,
    steps,
    value,
    value_read,
    with_weights,
)
from common.check.hypotheses import hypotheses
from common.check.layers import layers
from common.check.match import Matcher, wanted_shapes
from common.check.place import Place, edit
from common.check.trace import Array, Call, Trace, agree, reads, share, trimmed
from common.plan import Plan
from common.reference import relative
from common.spec import Word

ROUNDS = 8  # differences in one stretch


@dataclass
class Reading:
    """How a trace reads beside a plan: the graph as it must be edited to compute the same."""

    plan: Plan
    trace: Trace
    explains: bool  # or only counts what differs
    computed: dict[tuple[int, str], bool]  # what is known of single layers, for all readings
    graph: Graph = field(init=False)
    table: Graph = field(init=False)
    forced: Values = field(init=False)
    known: Values = field(init=False)
    unexplained: dict[str, float] = field(default_factory=dict)  # how far each op's output parts
    mismatches: int = 0
    rough: int = 0  # places where the two agree but for constants kept in float32
    ends: dict[str, int] = field(default_factory=dict)  # which output is the result, which a head's
    shared: dict[str, str] = field(default_factory=dict)  # layers that have the weights of another

    def __post_init__(self) -> None:
        self.table = self.graph = draw(self.plan)
        self.forced = {IMAGE: self.trace.image}
        self.known = dict(self.forced)
        self.matcher = Matcher(self.trace, self.table, wanted_shapes(self.plan))
        for name, op in self.table.items():
            if op.is_weighted:
                self.read_layer(name)
        for name in (RESULT, *self.plan.heads):
            self.read_end(name)
        self.compare_weights()

    @property
    def count(self) -> int:
        """At how many places the two part."""
        heads = self.heads_found()
        return self.mismatches + len(self.matcher.free) + len(self.shared) + (heads != sorted(heads))

    def heads_found(self) -> list[int]:
        """The outputs that the heads are, in the table's order."""
        return [self.ends[name] for name in self.plan.heads if name in self.ends]

    def compare_weights(self) -> None:
        """Finds the layers that have the weights of another: those drawn are never the same."""
        seen: dict[bytes, str] = {}
        for name, number in self.matcher.taken.items():
            weights = self.trace.calls[number].weights
            key = b"".join(weights[each].ravel()[:9].tobytes() for each in sorted(weights))
            if weights and seen.setdefault(key, name) != name:
                self.shared[name] = seen[key]

    def value(self, name: str) -> Array | None:
        """What an op computes from the user's maps; None where it does not fit."""
        try:
            return value(self.graph, name, self.known)
        except DoesNotFit:
            return None

    def value_read(self, name: str) -> Array | None:
        """What an op reads of the user's maps; None where it does not fit."""
        try:
            return value_read(self.graph, name, self.known)
        except DoesNotFit:
            return None

    def read_layer(self, name: str) -> None:
        """Finds the layer that is this op, and holds its input and its output to the table."""
        expected = self.value_read(name)
        call = self.matcher.take(name, expected)
        if call is None:
            self.mismatches += 1
            self.graph = edit(self.graph, name, word=None)
            return
        if expected is None or not reads(call, expected, self.trace.digits):
            self.explain(name, call.input)
        elif call.input.shape != expected.shape:  # a border may be a step of its own
            call = replace(call, input=expected)
        self.check_layer(name, call)
        self.forced[name] = call.output
        self.known[name] = steps(name, self.graph[name].then, call.output)

    def read_end(self, name: str) -> None:
        """Holds what came out to the table."""
        expected, outputs = self.value_read(name), self.trace.outputs
        for digits in (self.trace.digits, self.trace.rough_digits):
            for number, y in enumerate(outputs if expected is not None else ()):
                if agree(y, expected, digits) and digits == self.trace.digits:
                    self.ends[name] = number
                    return
                if agree(y, expected, digits):
                    self.explain(name, y)
                    return
        fitting = [y for y in outputs if expected is not None and y.shape == expected.shape]
        self.explain(name, (fitting or outputs)[0])

    def check_layer(self, name: str, call: Call) -> None:
        """Holds a layer's output to what the table's word makes of its own input."""
        word = self.graph[name].word
        for digits in (self.trace.digits, self.trace.rough_digits):
            if channels(word) in (None, call.shape[0]) and self.computes(name, word, call, digits):
                self.rough += digits != self.trace.digits
                return
            for other in layers(word, call) if self.explains else ():
                if self.computes(name, other, call, digits):
                    self.mismatches += 1
                    self.graph = edit(self.graph, name, word=other)
                    return
        self.mismatches += 1
        self.unexplained[name] = distance(call.output, output_of(name, word, call))

    def computes(self, name: str, word: Word | Other | None, call: Call, digits: int) -> bool:
        """Whether a word makes the layer's output of its input."""
        key = (self.matcher.taken[name], f"{word} of {call.input.shape} to {digits}")
        if key not in self.computed:
            y = output_of(name, word, call)
            self.computed[key] = y is not None and agree(call.output, y, digits)
        return self.computed[key]

    def explain(self, name: str, found: Array) -> None:
        """Edits what leads to an op until it is what the user's network has there."""
        before, names = self.graph, self.open_names(name)
        for digits in (self.trace.digits, self.trace.rough_digits):
            if self.agrees(name, found, digits):
                self.rough += 1
                return
            for _ in range(ROUNDS if self.explains else 0):
                better = self.improve(name, names, found, digits)
                if better is None:
                    break
                self.adopt(better)
                if self.agrees(name, found, digits):
                    self.mismatches += 1
                    return
            self.adopt(before)
        self.mismatches += 1
        source = self.graph[name].inputs[0]
        self.unexplained[name] = distance(found, self.value_read(name))
        if source in names:
            self.forced[source] = self.known[source] = found

    def open_names(self, name: str) -> list[str]:
        """The ops that lead to one and may be edited: no other layer reads what they make."""
        ends, found = set(self.forced), []
        calls = [
            call
            for number, call in enumerate(self.trace.calls)
            if number not in self.matcher.free or not self.matcher.is_spare(number)
        ]
        for each in section(self.graph, name, ends):
            y = self.value(each)
            if y is None or not any(reads(call, y, self.trace.digits) for call in calls):
                found.append(each)
            else:
                ends.add(each)
        reachable = section(self.graph, name, ends)
        return [each for each in found if each in reachable]

    def agrees(self, name: str, found: Array, digits: int) -> bool:
        """Whether an op reads what was found."""
        y = self.value_read(name)
        return y is not None and agree(found, y, digits)

    def improve(self, name: str, names: list[str], found: Array, digits: int) -> Graph | None:
        """The edit after which the most values agree; the first after which all do."""
        for each in self.graph:
            if each == name:
                break
            self.value(each)  # so that it is known what else could be read
        best, most = None, self.share(self.graph, name, found, digits)
        free = [self.trace.calls[number] for number in self.matcher.free]
        place = Place(self.graph, name, names, self.forced, self.known, found, free, digits)
        for graph in hypotheses(place):
            agreeing = self.share(graph, name, found, digits)
            if agreeing == 1:
                return graph
            if agreeing > most:
                best, most = graph, agreeing
        return best

    def share(self, graph: Graph, name: str, found: Array, digits: int) -> float:
        """The share of values that agree at an op's input, with the graph edited so."""
        try:
            with np.errstate(all="ignore"):  # a wrong guess may overflow
                y = value_read(graph, name, self.without_stale(graph))
        except DoesNotFit:
            return -1.0
        return share(found, y, digits)

    def adopt(self, graph: Graph) -> None:
        """Goes on with an edited graph; layers of what it leaves out can be others'."""
        for name, op in graph.items():
            if op.word is None and name in self.graph and op.inputs != self.graph[name].inputs:
                for each in section(self.graph, name, op.inputs):
                    if each not in op.inputs:
                        self.matcher.release(each)
        self.known, self.graph = self.without_stale(graph), graph

    def without_stale(self, graph: Graph) -> Values:
        """The known values that hold in an edited graph, too."""
        edited = [each for each, op in graph.items() if op is not self.graph.get(each)]
        stale = downstream(graph, edited, self.forced)
        known = {each: y for each, y in self.known.items() if each in graph and each not in stale}
        for each in edited:
            if each in self.forced:
                known[each] = steps(each, graph[each].then, self.forced[each])
        return known


def channels(word: Word | Other | None) -> int | None:
    """How many channels a word says that it makes; None where it says nothing."""
    match word:
        case spec.Conv(channels=count) | spec.Linear(features=count):
            return count
    return None


def output_of(name: str, word: Word | Other | None, call: Call) -> Array | None:
    """What a word makes of a layer's input and weights; None where it does not fit."""
    try:
        return with_weights(name, word, call.input, call.weights)
    except DoesNotFit:
        return None


def distance(found: Array, expected: Array | None) -> float:
    """How far two arrays part, relative to the largest value; NaN for unequal shapes."""
    return float("nan") if expected is None else relative(trimmed(found), trimmed(expected))
