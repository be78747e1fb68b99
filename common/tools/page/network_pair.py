"""Any two networks side by side, as in `diff`, and the data for the page's script to show them."""

import json
from dataclasses import dataclass, field
from functools import cache

from markupsafe import Markup

from common.networks import NETWORKS, network
from common.spec import Layer, shape_text
from common.spec.padding import Pads
from common.spec.plan import Node, Plan
from common.spec.planner import make_plan
from common.tools.analysis.diff import (
    INPUT,
    LayerChange,
    PlanDifference,
    input_changes,
    layer_changes,
    leaves,
    plan_differences,
    shape_changes,
    totals,
)
from common.tools.page.phrases import LANGUAGES, change_text, texts
from common.tools.page.preprocessing import Texts, image_texts, value_texts


@dataclass(frozen=True, kw_only=True)
class NetworkPair:
    """Two networks and their differences."""

    one: Plan
    other: Plan
    differences: list[PlanDifference]
    shapes: list[tuple[str, str, str]]
    totals: list[tuple[str, int, int]]

    def about(self) -> list[tuple[Texts, Texts]]:
        """The properties of both networks that precede their layers, in pairs."""
        return list(zip(about(self.one), about(self.other), strict=True))

    def finding(self) -> dict[str, str]:
        """The values of the sentence of finding, by their names in it."""
        places = {path for each in self.differences for path in each.paths} - {INPUT}
        parameters = self.other.parameter_count / self.one.parameter_count
        multiply_adds = self.other.multiply_adds / self.one.multiply_adds
        return {
            "one": self.one.spec.name,
            "other": self.other.spec.name,
            "places": str(len(places)),
            "parameters": f"{parameters:.2f}",
            "multiply_adds": f"{multiply_adds:.2f}",
        }


def whole(name: str) -> Plan:
    """The network's plan, with its heads if it has any."""
    return make_plan(network(name, aux=bool(network(name).heads)))


def network_pair(one: Plan, other: Plan) -> NetworkPair:
    """The differences between two networks, as in `diff`."""
    return NetworkPair(
        one=one,
        other=other,
        differences=plan_differences(one, other),
        shapes=shape_changes(one, other),
        totals=totals(one, other),
    )


def with_next_network(plan: Plan) -> NetworkPair:
    """A network compared with the next one in the list of networks."""
    names = list(NETWORKS)
    index = names.index(plan.spec.name) + 1 if plan.spec.name in names else 0
    return network_pair(plan, whole(names[index % len(names)]))


def about(plan: Plan) -> list[Texts]:
    """A network's origin, input, classes and preprocessing, in the order of the page."""
    spec, how = plan.spec, plan.spec.preprocess
    plain = spec.origin, shape_text(spec.input), str(spec.classes)
    same = [(each,) * len(LANGUAGES) for each in plain]
    values = texts("values_source", values=value_texts(how, spec.input[0]), source=how.source)
    return [*same, image_texts(how, *spec.input[1:]), values]


@dataclass
class NetworkData:
    """The data of all networks that `diff` compares, with numbered paths and layers.

    Each network's first path is that of its input, whose channels are compared like a layer.
    `changes` maps the numbers of two layers (-1 for none) to the numbers of the `texts` that
    describe their differences, so that the page's script only looks them up.
    """

    paths: dict[str, int] = field(default_factory=dict)
    layers: dict[tuple[Layer, Pads] | int, int] = field(default_factory=dict)
    nodes: list[Node | int] = field(default_factory=list)  # one with each layer, or channels
    texts: dict[tuple[str, ...], int] = field(default_factory=dict)
    changes: dict[str, list[int]] = field(default_factory=dict)
    networks: dict[str, dict[str, object]] = field(default_factory=dict)

    def number_of(self, node: Node | int) -> int:
        """The number of a node's layer and padding, or of the channels of an input."""
        key = node if isinstance(node, int) else (node.layer, node.pads)
        number = self.layers.setdefault(key, len(self.layers))
        if number == len(self.nodes):
            self.nodes.append(node)
        return number

    def add(self, name: str, plan: Plan) -> dict[str, int]:
        """Adds a network, and returns the numbers of its layers by path."""
        found: dict[str, Node | int] = {INPUT: plan.spec.input[0], **leaves(plan)}
        own = {path: self.number_of(node) for path, node in found.items()}
        self.networks[name] = {
            "about": about(plan),
            "paths": [self.paths.setdefault(path, len(self.paths)) for path in own],
            "layers": list(own.values()),
            "steps": {step.path: shape_text(step.output) for step in plan.body.children},
            "totals": [count for _, count, _ in totals(plan, plan)],
        }
        return own

    def compare(self, one: int, other: int) -> None:
        """Records how the layers with these numbers differ."""
        found = changed(*(self.nodes[each] if each >= 0 else None for each in (one, other)))
        said = [self.texts.setdefault(change_text(each), len(self.texts)) for each in found]
        if said:
            self.changes[f"{one},{other}"] = said


def changed(one: Node | int | None, other: Node | int | None) -> list[LayerChange]:
    """The differences between two layers, or between the channels of two inputs."""
    if isinstance(one, int) or isinstance(other, int):
        assert isinstance(one, int)
        assert isinstance(other, int)
        return input_changes(one, other)
    return layer_changes(one, other)


@cache
def network_data() -> Markup:
    """All networks as JSON that can be embedded in a page."""
    collected = NetworkData()
    every = [collected.add(name, whole(name)) for name in NETWORKS]
    pairs = ((one.get(p, -1), two.get(p, -1)) for one in every for two in every for p in one | two)
    for one, other in dict.fromkeys(pairs):
        collected.compare(one, other)
    data = {
        "paths": list(collected.paths),
        "texts": list(collected.texts),
        "changes": collected.changes,
        "networks": collected.networks,
    }
    # It contains no text from users, and nothing in it may close the element.
    return Markup(
        json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    )
