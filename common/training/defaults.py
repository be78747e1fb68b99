"""The recipe by which a network learns a data set, where nobody says another."""

from typing import Any

from common.data.sets import DataSet
from common.networks import network
from common.planner import least_size, make_plan
from common.spec import BatchNorm

SMALL_IMAGE = 64
# Smaller maps leave the batch norms of the large networks too few values to go by.
SMALL_IMAGE_OF_LARGE = 139


def default_table(name: str, data: DataSet) -> dict[str, Any]:
    """A table of what the default recipe says; the rest is as `Recipe` has it.

    Without batch norm a GoogLeNet learns only from FAN_IN and with a small rate: from the initial
    values of most publications it stays at ln(classes), or its loss becomes NaN.
    """
    made = network(name)
    normed = any(isinstance(node.word, BatchNorm) for node in make_plan(made).nodes())
    small = data.channels == 1
    return {
        "network": name,
        "data": data.source,
        "classes": len(data.classes),
        "channels": data.channels,
        "image_size": small_size(name) if small else made.input[1],
        "epochs": 10 if normed else 15,
        "optimizer": {"kind": "nesterov", "lr": 0.02 if normed else 0.01},
        "warmup": 1.0,
        "label_smoothing": made.label_smoothing,
        "augment": {"shift": 0.08} if small else {"area": 0.08, "flip": True},
    }


def small_size(name: str) -> int:
    """The side that small images are enlarged to."""
    least = least_size(network(name)) or SMALL_IMAGE_OF_LARGE
    return SMALL_IMAGE if least < SMALL_IMAGE else SMALL_IMAGE_OF_LARGE
