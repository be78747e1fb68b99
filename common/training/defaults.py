"""The default recipe for training a network on a data set."""

from typing import Any

from common.data.datasets import DataSet
from common.networks import network
from common.spec import BatchNorm, NetworkSpec
from common.spec.planner import least_size, make_plan
from common.spec.preprocess import SQUEEZE

# Small images are enlarged to the first of these sizes that the network accepts, or else to
# the network's own. With batch norm the second size is larger, because in the large networks fewer
# pixels would leave batch norm too few values to compute statistics from.
SMALL_SIZES = (48, 96)
SMALL_SIZES_WITH_NORM = (48, 139)


def default_table(name: str, data: DataSet, aux: bool) -> dict[str, Any]:
    """The fields that depend on network and data; the others have the defaults of `Recipe`.

    Without batch norm, a GoogLeNet learns only with FAN_IN initialisation, the default of
    `Recipe`, and a small learning rate: with the initial values of most publications, its loss
    stays at ln(classes) or becomes NaN.
    """
    spec = network(name, aux=aux)
    normed = any(isinstance(node.layer, BatchNorm) for node in make_plan(spec).nodes())
    return {
        "network": name,
        "data": data.source,
        "classes": len(data.classes),
        "channels": data.channels,
        "image_size": small_size(spec, normed) if data.small else spec.input[1],
        "epochs": 12 if normed else 15,
        # Without batch norm, more and smaller steps train more reliably.
        "batch": 32 if normed else 16,
        "optimizer": {"kind": "nesterov", "lr": 0.02 if normed else 0.01},
        "warmup": 1.0,
        "label_smoothing": spec.label_smoothing,
        # Small images are never cropped: what they show reaches to their edges.
        "preprocess": SQUEEZE.name if data.small else spec.preprocess.name,
        "augment": {"shift" if data.small else "area": 0.08, "flip": data.flips},
    }


def small_size(spec: NetworkSpec, normed: bool) -> int:
    """The side length, in pixels, to which small images are enlarged."""
    least = least_size(spec) or spec.input[1]
    sizes = SMALL_SIZES_WITH_NORM if normed else SMALL_SIZES
    return next((size for size in sizes if size >= least), spec.input[1])
