"""Any two networks side by side, as `diff` says it, and what a script needs to say it again."""

import json
from dataclasses import dataclass, field
from functools import cache

from markupsafe import Markup

from common.analysis.diff import Difference, changes, differences, leaves, shape_changes, totals
from common.networks import NETWORKS, network
from common.page.words import change_text
from common.plan import Node, Plan
from common.planner import make_plan
from common.spec import Word, shape_text


@dataclass(frozen=True)
class Against:
    """Two networks side by side, and what differs."""

    one: Plan
    other: Plan
    differences: list[Difference]
    shapes: list[tuple[str, str, str]]
    totals: list[tuple[str, int, int]]

    def about(self) -> list[tuple[str, str]]:
        """What is said of both before their layers."""
        return list(zip(about(self.one), about(self.other), strict=True))


def whole(name: str) -> Plan:
    """The network with its heads, where it has any."""
    return make_plan(network(name, aux=bool(network(name).heads)))


def against(one: Plan, other: Plan) -> Against:
    """What differs between two networks, as `diff` says it."""
    found = differences(one, other), shape_changes(one, other), totals(one, other)
    return Against(one, other, *found)


def neighbour(plan: Plan) -> Against:
    """A network beside the one after it in the list of networks."""
    names = list(NETWORKS)
    place = names.index(plan.network.name) + 1 if plan.network.name in names else 0
    return against(plan, whole(names[place % len(names)]))


def about(plan: Plan) -> list[str]:
    """Who published a network, and what goes into it and comes out, in the order of the page."""
    made = plan.network
    image = made.preprocess.shape_text(*made.input[1:])
    given = made.origin, shape_text(made.input), made.classes, image, made.preprocess.value_text()
    return [str(each) for each in given]


@dataclass
class Members:
    """Every network by what `diff` compares: a word's number at each path's number.

    `changes` has by two words' numbers, -1 for none, the numbers of the `texts` that tell them
    apart; so what differs is written once, here, and the script only looks it up.
    """

    paths: dict[str, int] = field(default_factory=dict)
    words: dict[Word, int] = field(default_factory=dict)
    texts: dict[tuple[str, ...], int] = field(default_factory=dict)
    changes: dict[str, list[int]] = field(default_factory=dict)
    networks: dict[str, dict[str, object]] = field(default_factory=dict)

    def number_of(self, node: Node | None) -> int:
        """The number of a node's word."""
        return -1 if node is None else self.words.setdefault(node.word, len(self.words))

    def add(self, name: str, plan: Plan) -> None:
        """One more network."""
        own = leaves(plan)
        self.networks[name] = {
            "about": about(plan),
            "paths": [self.paths.setdefault(path, len(self.paths)) for path in own],
            "words": [self.number_of(node) for node in own.values()],
            "steps": {step.path: shape_text(step.output) for step in plan.body.children},
            "totals": [count for _, count, _ in totals(plan, plan)],
        }

    def compare(self, one: Node | None, other: Node | None) -> None:
        """Writes down how two layers at one path differ, unless it is written."""
        pair = f"{self.number_of(one)},{self.number_of(other)}"
        if pair not in self.changes:
            said = map(change_text, changes(one, other))
            self.changes[pair] = [self.texts.setdefault(each, len(self.texts)) for each in said]


@cache
def members() -> Markup:
    """Every network as JSON that can stand in a page."""
    plans = {name: whole(name) for name in NETWORKS}
    found = Members()
    for name, plan in plans.items():
        found.add(name, plan)
    every = [leaves(plan) for plan in plans.values()]
    for one in every:
        for other in every:
            for path in one | other:
                found.compare(one.get(path), other.get(path))
    told = {
        "paths": list(found.paths),
        "texts": list(found.texts),
        "changes": {pair: texts for pair, texts in found.changes.items() if texts},
        "networks": found.networks,
    }
    # No text of a user is in it, and nothing in it may end the element.
    return Markup(
        json.dumps(told, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    )
