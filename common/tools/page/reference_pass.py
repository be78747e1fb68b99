"""One image through the reference: its maps, and what the mistakes of the catalogue would cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from numpy.typing import NDArray

from common.reference.layers import Array, Weights
from common.reference.network import compute_all, to_float64
from common.spec.plan import Node, Plan
from common.tools.page.notes import Measurements, Measuring


@dataclass(frozen=True, kw_only=True)
class ReferencePass:
    """The input and output of each layer for one image, by path, and the measured mistakes.

    The outputs of the network and the heads also have their names.
    """

    weights: Weights
    image: Array
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    mistakes: Measurements


@dataclass
class Recorder:
    """Computes layers and stores what goes into them."""

    measuring: Measuring = field(default_factory=Measuring)
    inputs: dict[str, Array] = field(default_factory=dict)

    def compute(self, node: Node, x: Array, own: Weights) -> Array:
        """The output of a leaf layer."""
        self.inputs[node.path] = x
        return self.measuring.compute(node, x, own)


def reference_pass(plan: Plan, arrays: Mapping[str, NDArray], image: NDArray) -> ReferencePass:
    """Runs the reference on one image, C x H x W, in float64."""
    weights, x, recorder = to_float64(arrays), to_float64({"x": image[None]})["x"], Recorder()
    outputs = compute_all(plan, x, weights, recorder.compute)
    return ReferencePass(
        weights=weights,
        image=x,
        inputs=recorder.inputs,
        outputs=outputs,
        mistakes=recorder.measuring.found,
    )
