"""Reads a network by its trace: follows a table from layer to layer, and explains what differs.

Each stretch between layers with weights is computed from the user's own maps, so that every
difference is seen alone, however many there are.
"""

from dataclasses import dataclass, field, replace
from itertools import chain

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
    follow,
    section,
    value,
    with_weights,
)
from common.check.hypotheses import extra_layers, hypotheses, layers
from common.check.match import Matcher, wanted_shapes
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

    @property
    def count(self) -> int:
        """At how many places the two part."""
        return self.mismatches + len(self.matcher.free)

    def value(self, name: str) -> Array | None:
        """What an op computes from the user's maps; None where it does not fit."""
        try:
            return value(self.graph, name, self.known)
        except DoesNotFit:
            return None

    def read_layer(self, name: str) -> None:
        """Finds the layer that is this op, and holds its input and its output to the table."""
        source = self.graph[name].inputs[0]
        expected = self.value(source)
        call = self.matcher.take(name, expected)
        if call is None:
            self.mismatches += 1
            self.graph = self.graph | {name: replace(self.graph[name], word=None)}
            return
        if expected is None or not reads(call, expected, self.trace.digits):
            self.explain(name, call.input)
        elif call.input.shape != expected.shape:  # a border of zeros may be a step of its own
            call = replace(call, input=expected)
        self.check_layer(name, call)
        self.force(name, call.output)

    def read_end(self, name: str) -> None:
        """Holds what came out to the table."""
        expected = self.value(name)
        outputs = self.trace.outputs
        if expected is None or not any(agree(y, expected, self.trace.digits) for y in outputs):
            fitting = [y for y in outputs if expected is not None and y.shape == expected.shape]
            self.explain(name, (fitting or outputs)[0])

    def force(self, name: str, y: Array) -> None:
        """From here on an op's output is the user's own."""
        self.forced[name] = y
        self.known[name] = follow(name, self.graph[name], y)

    def check_layer(self, name: str, call: Call) -> None:
        """Holds a layer's output to what the table's word makes of its own input."""
        word = self.graph[name].word
        if channels(word) in (None, call.shape[0]) and self.computes(name, word, call):
            return
        self.mismatches += 1
        if not self.explains:
            return
        for other in layers(word, call):
            if self.computes(name, other, call):
                self.graph = self.graph | {name: replace(self.graph[name], word=other)}
                return
        self.unexplained[name] = distance(call.output, output_of(name, word, call))

    def computes(self, name: str, word: Word | Other | None, call: Call) -> bool:
        """Whether a word makes the layer's output of its input."""
        key = (self.matcher.taken[name], f"{word} of {call.input.shape}")
        if key not in self.computed:
            y = output_of(name, word, call)
            self.computed[key] = y is not None and agree(call.output, y, self.trace.digits)
        return self.computed[key]

    def explain(self, name: str, found: Array) -> None:
        """Edits what leads to an op until it is what the user's network has there."""
        self.mismatches += 1
        source = self.graph[name].inputs[0]
        if self.explains:
            before, names = self.graph, section(self.graph, name, self.forced)
            for _ in range(ROUNDS):
                better = self.improve(name, names, found)
                if better is None:
                    break
                self.adopt(better, names)
                y = self.value(source)
                if y is not None and agree(found, y, self.trace.digits):
                    return
            self.adopt(before, names)
            self.unexplained[name] = distance(found, self.value(source))
        self.forced[source] = self.known[source] = found

    def improve(self, name: str, names: list[str], found: Array) -> Graph | None:
        """The edit after which the most values agree; the first after which all do."""
        best, most = None, self.share(self.graph, name, names, found)
        free = [self.trace.calls[number] for number in self.matcher.free]
        extra = extra_layers(self.graph, names, free, self.known, self.trace.digits)
        for graph in chain(extra, hypotheses(self.graph, names, found, self.known, self.forced)):
            agreeing = self.share(graph, name, names, found)
            if agreeing == 1:
                return graph
            if agreeing > most:
                best, most = graph, agreeing
        return best

    def share(self, graph: Graph, name: str, names: list[str], found: Array) -> float:
        """The share of values that agree at an op's input, with the graph edited so."""
        try:
            with np.errstate(all="ignore"):  # a wrong guess may overflow
                y = value(graph, graph[name].inputs[0], self.without_stale(graph, names))
        except DoesNotFit:
            return -1.0
        return share(found, y, self.trace.digits)

    def adopt(self, graph: Graph, names: list[str]) -> None:
        """Goes on with an edited graph."""
        self.known, self.graph = self.without_stale(graph, names), graph

    def without_stale(self, graph: Graph, names: list[str]) -> Values:
        """The known values that hold in an edited graph, too."""
        edited = [each for each in names if graph[each] is not self.graph[each]]
        stale = downstream(graph, edited, self.forced)
        known = {each: y for each, y in self.known.items() if each not in stale}
        for each in edited:
            if each in self.forced:
                known[each] = follow(each, graph[each], self.forced[each])
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
