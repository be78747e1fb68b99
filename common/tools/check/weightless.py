"""Layers without weights as they ran: the lines that created them, and fingerprints of maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Fingerprint = tuple[float, float, float]  # the size of a map, the sum of its values, of squares
CLOSE = 1e-6  # relative


@dataclass(frozen=True, kw_only=True)
class Weightless:
    """A pool, an activation or any other layer without weights, as it ran."""

    kind: str  # the name of its class
    lines: tuple[int, ...]
    before: Fingerprint
    after: Fingerprint


def fingerprint(x: NDArray) -> Fingerprint:
    """The fingerprint of a feature map, whatever the order of its axes."""
    flat = np.asarray(x, np.float64).ravel()
    return float(flat.size), float(flat.sum()), float(flat @ flat)


def same_map(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two fingerprints are of the same map, up to rounding."""
    largest = max(one[2], other[2], 1e-300)
    return (
        one[0] == other[0]
        and abs(one[1] - other[1]) <= CLOSE * (one[0] * largest) ** 0.5
        and abs(one[2] - other[2]) <= CLOSE * largest
    )


def shared_start(lines: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The outermost lines that all these have in common."""
    found: list[int] = []
    for own in zip(*lines, strict=False):
        if len(set(own)) > 1:
            break
        found.append(own[0])
    return tuple(found)
