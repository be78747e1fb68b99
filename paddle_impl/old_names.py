"""Paddle's names of earlier years, for `googlenet check`."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from common.tools.check.old_names import OldNames


def adapt(source: str) -> Sequence[str]:  # noqa: ARG001
    """Renames nothing: the layers of `fluid` below accept the old arguments."""
    return ()


class Activated(nn.Layer):
    """A layer of `paddle.fluid.dygraph`, which applies an activation itself."""

    def __init__(self, act: str | None) -> None:
        super().__init__()
        self.act = getattr(F, act) if act else None

    def activated(self, y: Tensor) -> Tensor:
        """The output after the activation, if there is one."""
        return y if self.act is None else self.act(y)


class FluidConv2D(Activated):
    """`fluid.dygraph.Conv2D`."""

    def __init__(
        self,
        num_channels: int,
        num_filters: int,
        filter_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int | None = None,
        param_attr: Any = None,
        bias_attr: Any = None,
        use_cudnn: bool = True,  # noqa: ARG002
        act: str | None = None,
        dtype: str = "float32",  # noqa: ARG002
    ) -> None:
        super().__init__(act)
        self.conv = nn.Conv2D(
            num_channels,
            num_filters,
            filter_size,
            stride,
            padding,
            dilation,
            groups or 1,
            weight_attr=param_attr,
            bias_attr=bias_attr,
        )

    def forward(self, x: Tensor) -> Tensor:
        """The convolution and its activation."""
        return self.activated(self.conv(x))


class FluidPool2D(nn.Layer):
    """`fluid.dygraph.Pool2D`."""

    def __init__(
        self,
        pool_size: Any = -1,
        pool_type: str = "max",
        pool_stride: Any = 1,
        pool_padding: Any = 0,
        global_pooling: bool = False,
        use_cudnn: bool = True,  # noqa: ARG002
        ceil_mode: bool = False,
        exclusive: bool = True,
        **_: Any,
    ) -> None:
        super().__init__()
        average = pool_type == "avg"
        if global_pooling:
            self.pool = nn.AdaptiveAvgPool2D(1) if average else nn.AdaptiveMaxPool2D(1)
        elif average:
            self.pool = nn.AvgPool2D(pool_size, pool_stride, pool_padding, ceil_mode, exclusive)
        else:
            self.pool = nn.MaxPool2D(pool_size, pool_stride, pool_padding, ceil_mode=ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        """The pooled map."""
        return self.pool(x)


class FluidLinear(Activated):
    """`fluid.dygraph.Linear`."""

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        param_attr: Any = None,
        bias_attr: Any = None,
        act: str | None = None,
        dtype: str = "float32",  # noqa: ARG002
    ) -> None:
        super().__init__(act)
        self.linear = nn.Linear(input_dim, output_dim, param_attr, bias_attr)

    def forward(self, x: Tensor) -> Tensor:
        """The linear layer and its activation."""
        return self.activated(self.linear(x))


class FluidNames:
    """The names of `paddle.fluid` and its modules that networks use."""

    Layer, Sequential, LayerList, Dropout = nn.Layer, nn.Sequential, nn.LayerList, nn.Dropout
    Conv2D, Pool2D, Linear, BatchNorm = FluidConv2D, FluidPool2D, FluidLinear, nn.BatchNorm
    concat, relu, softmax, reshape = paddle.concat, F.relu, F.softmax, paddle.reshape
    dropout, elementwise_add, flatten = F.dropout, paddle.add, paddle.flatten
    ParamAttr, to_variable, guard = paddle.ParamAttr, paddle.to_tensor, nullcontext


FLUID = (
    "paddle.fluid", "paddle.fluid.layers", "paddle.fluid.dygraph", "paddle.fluid.dygraph.nn",
    "paddle.fluid.dygraph.base", "paddle.fluid.dygraph.container", "paddle.fluid.param_attr",
)  # fmt: skip
# Names of Paddle 2.0's first versions, with a small d.
SMALL = ("Conv2d", "BatchNorm2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Dropout2d")
OLD_NAMES = OldNames(
    title="Paddle",
    modules=dict.fromkeys(FLUID, FluidNames),
    names={
        **{("paddle.nn", name): getattr(nn, f"{name[:-1]}D") for name in SMALL},
        ("paddle.nn", "Pool2D"): FluidPool2D,
    },
    reasons={r"paddle\.v2": "written for Paddle 0.x (paddle.v2), which builds no layers"},
    adapt=adapt,
)
