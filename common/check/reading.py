"""Reads a network by its trace: follows a table from layer to layer, and explains what differs.

Each stretch between layers with weights is computed from the user's own maps, so that every
difference is seen alone, however many there are.
"""

from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from common.check.graph import (
    IMAGE,
    RESULT,
    Graph,
    Other,
    Values,
    downstream,
    draw,
    section,
    steps,
    value,
    value_read,
    where_it_fits,
    words_between,
)
from common.check.hypotheses import hypotheses
from common.check.layers import channels, distance, has_constants, layers, output_of
from common.check.match import Matcher, wanted_shapes
from common.check.place import Place, edit
from common.check.trace import Array, Call, Trace, agree, reads, share
from common.plan import Plan
from common.spec import Word

ROUNDS = 5  # differences in one stretch
# How many changes are tried in a round: so many, and more of small maps, to so many values.
LEAST, WORK = 300, 400_000_000
EXACT = 2  # how well numbers agree: to all digits that the arithmetic has, or roughly, 1


@dataclass
class Reading:
    """How a trace reads beside a plan: the graph as it must be edited to compute the same."""

    plan: Plan
    trace: Trace
    explains: bool  # or only counts what differs
    computed: dict[tuple[int, str], int]  # what is known of single layers, for all readings
    graph: Graph = field(init=False)
    table: Graph = field(init=False)
    forced: Values = field(init=False)
    known: Values = field(init=False)
    unexplained: dict[str, float] = field(default_factory=dict)  # how far each op's output parts
    mismatches: int = 0
    rough: int = 0  # places where the two agree but for constants kept in float32
    ends: dict[str, int] = field(default_factory=dict)  # which output is the result, which a head's
    shared: dict[str, str] = field(init=False)  # layers that have the weights of another

    def __post_init__(self) -> None:
        self.table = self.graph = draw(self.plan)
        self.forced = {IMAGE: self.trace.image}
        self.known = dict(self.forced)
        self.matcher = Matcher(self.trace, self.table, wanted_shapes(self.plan))
        for name, op in self.table.items():
            if op.is_weighted:
                self.read_layer(name)
        self.read_ends()
        self.shared = self.matcher.shared()

    @property
    def count(self) -> int:
        """At how many places the two part."""
        heads = self.heads_found()
        free, shared = len(self.matcher.free), len(self.shared)
        return self.mismatches + free + shared + (heads != sorted(heads))

    def heads_found(self) -> list[int]:
        """The outputs that the heads are, in the table's order."""
        return [self.ends[name] for name in self.plan.heads if name in self.ends]

    def value(self, name: str) -> Array | None:
        """What an op computes from the user's maps; None where it does not fit."""
        return where_it_fits(value, self.graph, name, self.known)

    def value_read(self, name: str) -> Array | None:
        """What an op reads of the user's maps; None where it does not fit."""
        return where_it_fits(value_read, self.graph, name, self.known)

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
        self.settle(name, call)
        self.check_layer(name, call)
        self.forced[name] = call.output
        self.known[name] = steps(name, self.graph[name].then, call.output)

    def settle(self, name: str, call: Call) -> None:
        """Goes on from the user's map where the table's is the same: sums would add up to one
        long stretch, and so would what frameworks round in each."""
        source = self.graph[name].inputs[0]
        if self.graph[name].before or self.graph[source].then or source in self.forced:
            return
        y = self.value(source)
        if y is not None and agree(call.input, y, self.trace.rough_digits):
            self.forced[source] = self.known[source] = call.input

    def read_ends(self) -> None:
        """Holds what came out to the table: the result and what the heads say."""
        outputs, names = self.trace.outputs, (RESULT, *self.plan.heads)
        expected = {name: self.value_read(name) for name in names}
        for digits in (self.trace.digits, self.trace.rough_digits):
            for name, y in expected.items():
                if y is not None and name not in self.ends:
                    same = [n for n, found in enumerate(outputs) if agree(found, y, digits)]
                    self.ends |= {name: same[0]} if same else {}
        for name, y in expected.items():
            left = [n for n in range(len(outputs)) if n not in self.ends.values()]
            fitting = [n for n in left if y is not None and outputs[n].shape == y.shape]
            found = outputs[self.ends.get(name, (fitting or left or [0])[0])]
            if y is None or not agree(found, y, self.trace.digits):
                self.explain(name, found)

    def check_layer(self, name: str, call: Call) -> None:
        """Holds a layer's output to what the table's word makes of its own input."""
        word, roughly = self.graph[name].word, None
        level = self.level(name, word, call) if channels(word) in (None, call.shape[0]) else 0
        if level == EXACT or (level and has_constants(word) and not self.explains):
            self.rough += level != EXACT
            return
        for other in layers(word, call) if self.explains else ():
            found = self.level(name, other, call)
            if found == EXACT:
                roughly = other
                break
            roughly = other if found > level and roughly is None else roughly
        if level and has_constants(word) and roughly is None:
            self.rough += 1
            return
        self.mismatches += 1
        if roughly is None:
            self.unexplained[name] = distance(call.output, output_of(name, word, call))
        else:
            self.graph = edit(self.graph, name, word=roughly)

    def level(self, name: str, word: Word | Other | None, call: Call) -> int:
        """How well a word makes the layer's output of its input: EXACT, ROUGH or not, 0."""
        key = (self.matcher.taken[name], f"{word} of {call.input.shape}")
        if key not in self.computed or isinstance(word, Other):
            y = output_of(name, word, call)
            digits = (self.trace.rough_digits, self.trace.digits)
            self.computed[key] = 0 if y is None else sum(agree(call.output, y, n) for n in digits)
        return self.computed[key]

    def explain(self, name: str, found: Array) -> None:
        """Edits what leads to an op until it is what the user's network has there."""
        if self.agrees(name, found):
            self.rough += 1
            return
        before, names = self.graph, self.open_names(name)
        for _ in range(ROUNDS if self.explains else 0):
            better = self.improve(name, names, found)
            if better is None:
                break
            self.adopt(better)
            if self.agrees(name, found):
                self.mismatches += 1
                return
        self.adopt(before)
        self.mismatches += 1
        self.unexplained[name] = distance(found, self.value_read(name))
        source = self.graph[name].inputs[0]
        if source in names:
            self.forced[source] = self.known[source] = found

    def open_names(self, name: str) -> list[str]:
        """The ops that lead to one and may be edited: no other layer reads what they make."""
        ends, found = set(self.forced), []
        calls = self.matcher.settled()
        for each in section(self.graph, name, ends):
            y = self.value(each)
            if y is None or not any(reads(call, y, self.trace.digits) for call in calls):
                found.append(each)
            else:
                ends.add(each)
        return [each for each in found if each in section(self.graph, name, ends)]

    def agrees(self, name: str, found: Array) -> bool:
        """Whether an op reads what was found."""
        y = self.value_read(name)
        return y is not None and agree(found, y, self.digits_at(name))

    def digits_at(self, name: str) -> int:
        """To how many digits numbers must agree where an op reads: frameworks round constants."""
        words = words_between(self.graph, name, self.forced)
        return self.trace.rough_digits if any(map(has_constants, words)) else self.trace.digits

    def improve(self, name: str, names: list[str], found: Array) -> Graph | None:
        """The first edit after which all agree, or that after which most do; None if none helps."""
        for each in self.graph:
            if each == name:
                break
            self.value(each)  # so that it is known what else could be read
        digits, best = self.trace.rough_digits, None
        most = self.share(self.graph, name, found, digits)
        free = [self.trace.calls[number] for number in self.matcher.free]
        counts = self.digits_at(name)
        place = Place(self.graph, name, names, self.forced, self.known, found, free, counts)
        for graph in islice(hypotheses(place), max(LEAST, WORK // found.size)):
            agreeing = self.share(graph, name, found, digits)
            if agreeing == 1 and self.share(graph, name, found, self.trace.digits) == 1:
                return graph
            if agreeing > most:
                best, most = graph, agreeing
        return best

    def share(self, graph: Graph, name: str, found: Array, digits: int) -> float:
        """The share of values that agree at an op's input, with the graph edited so."""
        with np.errstate(all="ignore"):  # a wrong guess may overflow
            y = where_it_fits(lambda: value_read(graph, name, self.without_stale(graph)))
        return -1.0 if y is None else share(found, y, digits)

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
