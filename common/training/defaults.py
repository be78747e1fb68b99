"""The recipe by which a network learns a data set, where nobody says another."""

from typing import Any

from common.data.sets import DataSet
from common.networks import network
from common.planner import least_size, make_plan
from common.preprocess import SQUEEZE
from common.spec import BatchNorm, NetworkSpec

# What small images are enlarged to: the first side that the network takes. On smaller maps than
# these the batch norms of the large networks have too few values to go by.
SMALL_SIZES = (48, 96)
SMALL_SIZES_WITH_NORM = (48, 139)


def default_table(name: str, data: DataSet, aux: bool) -> dict[str, Any]:
    """A table of what the default recipe says; the rest is as `Recipe` has it.

    Without batch norm a GoogLeNet learns only from FAN_IN and with a small rate: from the initial
    values of most publications it stays at ln(classes), or its loss becomes NaN.
    """
    made = network(name, aux=aux)
    normed = any(isinstance(node.word, BatchNorm) for node in make_plan(made).nodes())
    small = data.channels == 1
    return {
        "network": name,
        "data": data.source,
        "classes": len(data.classes),
        "channels": data.channels,
        "image_size": small_size(made, normed) if small else made.input[1],
        "epochs": 12 if normed else 15,
        # Without batch norm more and smaller steps learn more surely.
        "batch": 32 if normed else 16,
        "optimizer": {"kind": "nesterov", "lr": 0.02 if normed else 0.01},
        "warmup": 1.0,
        "label_smoothing": made.label_smoothing,
        # Small images are never cut: their edges are what they are told apart by.
        "preprocess": SQUEEZE.name if small else made.preprocess.name,
        "augment": {"shift": 0.08} if small else {"area": 0.08, "flip": True},
    }


def small_size(made: NetworkSpec, normed: bool) -> int:
    """The side that small images are enlarged to."""
    least = least_size(made) or made.input[1]
    sizes = SMALL_SIZES_WITH_NORM if normed else SMALL_SIZES
    return next((size for size in sizes if size >= least), made.input[1])
