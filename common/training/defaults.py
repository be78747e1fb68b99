"""The default recipe for training a network on a data set."""

from typing import Any

from common.data.datasets import DataSet
from common.networks import network
from common.spec import BatchNorm, NetworkSpec
from common.spec.planner import least_size, make_plan
from common.spec.preprocess import SQUEEZE

# Small images are enlarged to the first of these sizes that the network accepts. At smaller sizes,
# the batch norms of the large networks have too few values to compute statistics from.
SMALL_SIZES = (48, 96)
SMALL_SIZES_WITH_NORM = (48, 139)


def default_table(name: str, data: DataSet, aux: bool) -> dict[str, Any]:
    """The fields that the default recipe sets; the others keep the defaults of `Recipe`.

    Without batch norm, a GoogLeNet learns only with FAN_IN initialisation and a small learning
    rate: with the initial values of most publications, its loss stays at ln(classes) or becomes
    NaN.
    """
    made = network(name, aux=aux)
    normed = any(isinstance(node.layer, BatchNorm) for node in make_plan(made).nodes())
    small = data.channels == 1
    return {
        "network": name,
        "data": data.source,
        "classes": len(data.classes),
        "channels": data.channels,
        "image_size": small_size(made, normed) if small else made.input[1],
        "epochs": 12 if normed else 15,
        # Without batch norm, more and smaller steps train more reliably.
        "batch": 32 if normed else 16,
        "optimizer": {"kind": "nesterov", "lr": 0.02 if normed else 0.01},
        "warmup": 1.0,
        "label_smoothing": made.label_smoothing,
        # Small images are never cropped: their edges are needed to tell them apart.
        "preprocess": SQUEEZE.name if small else made.preprocess.name,
        "augment": {"shift": 0.08} if small else {"area": 0.08, "flip": True},
    }


def small_size(made: NetworkSpec, normed: bool) -> int:
    """The side length to which small images are enlarged."""
    least = least_size(made) or made.input[1]
    sizes = SMALL_SIZES_WITH_NORM if normed else SMALL_SIZES
    return next((size for size in sizes if size >= least), made.input[1])
