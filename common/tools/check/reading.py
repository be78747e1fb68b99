"""The comparison of a trace with a plan: the state of following the plan layer by layer.

Each segment between layers with weights is computed from the user's own feature maps, so that every
difference is seen in isolation, however many there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from common import spec
from common.spec import Layer
from common.spec.plan import Plan
from common.tools.check import layer_hypotheses
from common.tools.check.edits import Learned
from common.tools.check.facts import facts_of
from common.tools.check.graph import (
    IMAGE,
    Graph,
    Other,
    Values,
    downstream,
    draw,
    layers_between,
    section,
    steps,
    value,
    value_read,
    where_it_fits,
)
from common.tools.check.match import Matcher, wanted_shapes
from common.tools.check.trace import Array, LayerCall, Trace, agree

EXACT = 2  # level of agreement: to all digits of the arithmetic; 1 is roughly, 0 not at all


@dataclass(kw_only=True)
class Reading:
    """The comparison of a trace with a plan: the graph, edited until it computes the same."""

    plan: Plan
    trace: Trace
    explains: bool  # else differences are only counted
    computed: dict[tuple[int, str], int]  # levels of agreement of layers, shared by all readings
    graph: Graph = field(init=False)  # the plan's graph, as edited so far
    table: Graph = field(init=False)  # the plan's graph, unedited
    forced: Values = field(init=False)  # outputs taken from the user's network
    known: Values = field(init=False)  # these, and the outputs computed from them
    unexplained: dict[str, float] = field(default_factory=dict)  # the difference at each op
    suspects: dict[str, list[str]] = field(default_factory=dict)  # by op, those before it
    mismatches: int = 0
    rough: int = 0  # places that agree except for constants kept in float32
    ends: dict[str, int] = field(default_factory=dict)  # the outputs of the result and the heads
    shared: dict[str, str] = field(default_factory=dict)  # by op, the op whose weights it has
    learned: list[Learned] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = self.graph = draw(self.plan)
        other = facts_of(self.trace).activation
        if other != spec.ReLU():
            self.mismatches = 1
            for name, op in self.table.items():
                if op.layer == spec.ReLU():
                    self.graph = self.graph | {name: replace(op, layer=other)}
        self.forced = {IMAGE: self.trace.image}
        self.known = dict(self.forced)
        self.matcher = Matcher(self.trace, self.table, wanted_shapes(self.plan))

    @property
    def count(self) -> int:
        """The number of places where the two differ."""
        heads = self.heads_found()
        free, shared = len(self.matcher.free), len(self.shared)
        return self.mismatches + free + shared + (heads != sorted(heads))

    def heads_found(self) -> list[int]:
        """The numbers of the heads' outputs, in the plan's order of heads."""
        return [self.ends[name] for name in self.plan.heads if name in self.ends]

    def value(self, name: str) -> Array | None:
        """The output of an op computed from the user's maps; None where it does not fit."""
        return where_it_fits(value, self.graph, name, self.known)

    def value_read(self, name: str) -> Array | None:
        """The input of an op computed from the user's maps; None where it does not fit."""
        return where_it_fits(value_read, self.graph, name, self.known)

    def settle(self, name: str, call: LayerCall) -> None:
        """Continues from the user's map where the plan's map is the same.

        Without this, sums would join into one long segment and rounding would accumulate.
        """
        source = self.graph[name].inputs[0]
        if self.graph[name].before or self.graph[source].then or source in self.forced:
            return
        y = self.value(source)
        if y is not None and agree(call.input, y, self.trace.rough_digits):
            self.forced[source] = self.known[source] = call.input

    def level(self, name: str, layer: Layer | Other | None, call: LayerCall) -> int:
        """The agreement of a layer's output with a call's: EXACT, 1 (roughly) or 0."""
        key = (self.matcher.taken[name], f"{layer} of {call.input.shape}")
        if key not in self.computed or isinstance(layer, Other):
            y = layer_hypotheses.output_of(name, layer, call)
            digits = (self.trace.rough_digits, self.trace.digits)
            self.computed[key] = 0 if y is None else sum(agree(call.output, y, n) for n in digits)
        return self.computed[key]

    def agrees(self, name: str, found: Array) -> bool:
        """Whether an op's input agrees with the map found."""
        y = self.value_read(name)
        return y is not None and agree(found, y, self.digits_at(name))

    def digits_at(self, name: str) -> int:
        """The digits to which an op's input must agree; fewer where frameworks round constants."""
        layers = layers_between(self.graph, name, self.forced)
        rough = any(map(layer_hypotheses.has_constants, layers))
        return self.trace.rough_digits if rough else self.trace.digits

    def adopt(self, graph: Graph) -> None:
        """Continues with an edited graph; ops that it leaves out release their layers to others."""
        for each in left_out(self.graph, graph):
            self.matcher.release(each)
        self.known, self.graph = self.without_stale(graph), graph

    def without_stale(self, graph: Graph) -> Values:
        """The known values that remain valid in an edited graph."""
        known = unedited(self, graph)
        for each, op in graph.items():
            if op is not self.graph.get(each) and each in self.forced:
                known[each] = steps(each, op.then, self.forced[each])
        return known


def unedited(reading: Reading, graph: Graph) -> Values:
    """The known values that no edit of a graph concerns."""
    edited = [each for each, op in graph.items() if op is not reading.graph.get(each)]
    stale = {*edited, *downstream(graph, edited, reading.forced)}
    return {each: y for each, y in reading.known.items() if each in graph and each not in stale}


def left_out(before: Graph, after: Graph) -> Iterator[str]:
    """Yields the ops before those that an edit removes, unless they lead to the maps kept."""
    for name, op in after.items():
        if op.layer is None and name in before and op.inputs != before[name].inputs:
            kept = {*op.inputs}.union(*(section(after, each, ()) for each in op.inputs))
            yield from (each for each in section(before, name, op.inputs) if each not in kept)
