"""Paddle's names of earlier years, for `googlenet check`."""

import re
from collections.abc import Sequence

from paddle import nn

from common.tools.check.old_names import OldNames
from paddle_impl.fluid import Fluid
from paddle_impl.fluid_layers import Pool2D


def adapt(source: str) -> Sequence[str]:
    """Renames nothing: the layers of `fluid` accept the old arguments."""
    Fluid.is_used = bool(IMPORT.search(source))
    return ()


FLUID = (
    "paddle.fluid", "paddle.fluid.layers", "paddle.fluid.dygraph", "paddle.fluid.dygraph.nn",
    "paddle.fluid.dygraph.base", "paddle.fluid.dygraph.container", "paddle.fluid.param_attr",
    "paddle.fluid.layer_helper",
)  # fmt: skip
IMPORT = re.compile(r"^\s*(from paddle import fluid|(from|import) paddle\.fluid)\b", re.MULTILINE)
# Names of Paddle 2.0's first versions, with a small d.
SMALL = ("Conv2d", "BatchNorm2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Dropout2d")
OLD_NAMES = OldNames(
    title="Paddle",
    aliases={"paddle": "paddle", "nn": "paddle.nn", "F": "paddle.nn.functional", "np": "numpy"},
    namespaces=("paddle.nn",),
    modules=dict.fromkeys(FLUID, Fluid)
    | {
        "paddle.v2": "paddle",  # for its data sets, beside layers of fluid
        "paddle.fluid.initializer": Fluid.initializer,
        "paddle.fluid.regularizer": Fluid.regularizer,
    },
    names={
        **{("paddle.nn", name): getattr(nn, f"{name[:-1]}D") for name in SMALL},
        ("paddle.nn", "Pool2D"): Pool2D,
    },
    adapt=adapt,
)
