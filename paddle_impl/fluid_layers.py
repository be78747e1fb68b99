"""The layers of Paddle 1's `fluid.dygraph`, for `googlenet check`."""

from typing import Any

from paddle import Tensor, nn
from paddle.nn import functional as F

DOWN = "downgrade_in_infer"  # the default of dropout: values are only scaled in evaluation


class Activated(nn.Layer):
    """A layer that applies an activation itself."""

    def __init__(self, act: str | None) -> None:
        super().__init__()
        self.act = getattr(F, act) if act else None

    def activated(self, y: Tensor) -> Tensor:
        """The output after the activation, if there is one."""
        return y if self.act is None else self.act(y)


class Conv2D(Activated):
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


class Pool2D(nn.Layer):
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


class Linear(Activated):
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


class FullyConnected(Linear):
    """The layer of `fluid.layers.fc`."""

    def forward(self, x: Tensor) -> Tensor:
        """The linear layer, of the flattened input, and its activation."""
        return super().forward(x.flatten(1))


class Dropout(nn.Dropout):
    """`fluid.dygraph.Dropout`."""

    def __init__(
        self,
        p: float = 0.5,
        seed: int | None = None,  # noqa: ARG002
        dropout_implementation: str = DOWN,
        is_test: bool = False,
    ) -> None:
        super().__init__(p, mode=dropout_implementation.replace("downgrade", "downscale"))
        self.is_test = is_test

    def forward(self, x: Tensor) -> Tensor:
        """The dropout."""
        return F.dropout(x, self.p, training=self.training and not self.is_test, mode=self.mode)
