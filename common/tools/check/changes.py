"""Changes of a whole network that people make on purpose, each one decision in many places.

A published network is compared after the changes that most of a trace's layers show. So a network
with batch norm everywhere has one difference, and others are still seen layer by layer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from common.spec import Layer, NetworkSpec
from common.spec.rewrite import Override, rewrite, rewrite_network
from common.tools.check.describe import CONVENTION, Difference
from common.tools.check.facts import Facts


@dataclass(frozen=True, kw_only=True)
class Change:
    """One decision: its name, its values in the user's and the published network, the override."""

    what: str
    yours: str
    table: str
    override: Override | None = None
    network: NetworkSpec | None = None  # the changed network, if no override makes it
    places: tuple[str, ...] = ()  # of the decision, if these are not the layers that differ
    kind: str = ""  # "" if it depends on the images, or if it is a mistake


convention = partial(Change, kind=CONVENTION)
Proposal = Callable[[NetworkSpec, Facts], Iterator[Change]]


@dataclass(frozen=True)
class Changed:
    """A published network with the changes that a trace shows, as differences with places."""

    network: NetworkSpec
    differences: tuple[Difference, ...] = ()


def changed(network: NetworkSpec, facts: Facts, proposals: Sequence[Proposal]) -> Changed:
    """The network after all those of the proposed changes that the facts ask for."""
    found: list[Difference] = []
    for propose in proposals:
        for change in propose(network, facts):
            made = change.network or rewrite_network(network, change.override or unchanged)
            if places := change.places or places_of(network, made):
                found.append(
                    Difference(
                        layer=places[0],
                        what=change.what,
                        yours=change.yours,
                        table=change.table,
                        places=places,
                        kind=change.kind,
                    )
                )
                network = made
    return Changed(network, tuple(found))


def unchanged(_: str, layer: Layer) -> Layer:
    """The layer itself."""
    return layer


def places_of(before: NetworkSpec, after: NetworkSpec) -> tuple[str, ...]:
    """The paths of the layers that differ between two networks, those of the second first."""
    old, new = leaves(before), leaves(after)
    if old == new:  # only their order may differ
        return tuple(path for path, other in zip(new, old, strict=True) if path != other)
    return (
        *(path for path in new if new[path] != old.get(path)),
        *(path for path in old if path not in new),
    )


def leaves(network: NetworkSpec) -> dict[str, Layer]:
    """The layers of a network that contain no others, by path; they are found once."""
    known: dict[str, Layer] | None = network.__dict__.get("leaves")
    if known is not None:
        return known
    found: dict[str, Layer] = {}

    def note(path: str, layer: Layer) -> Layer:
        if not any(hasattr(layer, name) for name in ("layers", "branches", "branch")):
            found[path] = layer
        return layer

    rewrite(network.body, note)
    for name, head in network.heads.items() if network.aux else ():
        rewrite(head.body, note, name)
    network.__dict__["leaves"] = found
    return found


def layers_of(network: NetworkSpec, kind: type) -> list:
    """The layers of one type in a network."""
    return [layer for layer in leaves(network).values() if isinstance(layer, kind)]
