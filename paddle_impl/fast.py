"""Fast inference in Paddle: its predictor, with oneDNN on CPUs."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import paddle
from paddle import Tensor, inference, nn
from paddle.static import InputSpec

from common.errors import UsageError
from common.threads import threads
from paddle_impl.build import Network
from paddle_impl.weights import unwrap


def fast(net: nn.Layer) -> Callable[[Tensor], Tensor]:
    """Returns a copy of the network that is optimised for inference.

    Later changes to `net` do not affect the copy, and `net` is left as it is. Overflow and NaN show
    in the logits, as they do in `net`. Several threads may call it; it computes one call at a time.
    A float64 network is run without Paddle's predictor, which fails in float64 (Paddle 3.3).

    Args:
        net: A network of this package, with or without heads, in either mode.

    Returns:
        A function that maps images N x C x H x W to logits N x classes.

    Raises:
        UsageError: For a network of another package; in a call, for a different shape or dtype.

    Example:
        >>> quick = fast(googlenet(classes=10))
        >>> quick(paddle.zeros([1, 3, 224, 224])).shape
        paddle.Size([1, 10])
    """
    copied = deepcopy(unwrap(net)).eval()
    dtype = dtype_of(copied)
    predictor = make_predictor(copied) if dtype == paddle.float32 else None
    one_at_a_time = Lock()

    @paddle.no_grad()
    def classify(x: Tensor) -> Tensor:
        check(copied, x, dtype)  # the predictor does not
        if predictor is None:
            return copied(x)
        x = x.contiguous()  # the predictor ignores the strides of a view
        with one_at_a_time:
            logits = predict(predictor, x, copied.in_bfloat16)
        # oneDNN's max pools drop NaN; adding this sum makes the logits of non-finite images NaN.
        lost = (x * 0).flatten(1).sum(1)
        return logits + lost.reshape([-1] + [1] * (logits.ndim - 1))

    return classify


def check(net: Network, x: Tensor, dtype: paddle.dtype) -> None:
    """Raises UsageError for images of a different shape or dtype."""
    net.plan.check_input(tuple(x.shape))
    if x.dtype != dtype:
        raise UsageError(f"{net.plan.spec.name} takes {dtype} here, not {x.dtype}; convert it")


def predict(predictor: inference.Predictor, x: Tensor, in_bfloat16: bool) -> Tensor:
    """The predictor's result; raises UsageError if the processor does not support bfloat16."""
    try:
        return predictor.run([x])[0]
    except RuntimeError as error:
        if not in_bfloat16:
            raise
        raise UsageError(
            f"paddle: its predictor fails in bfloat16 on this processor ({error}); "
            "use --dtype float32"
        ) from None


def make_predictor(net: Network) -> inference.Predictor:
    """Paddle's predictor for a network in evaluation; it can only be created from files."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "net"
        paddle.jit.save(net, str(file), [InputSpec([None, *net.plan.spec.input], "float32")])
        config = inference.Config(f"{file}.json", f"{file}.pdiparams")
        config.disable_glog_info()
        if paddle.get_device() == "cpu":
            config.enable_mkldnn()
            # Fusing a ReLU with a slope into a convolution crashes Paddle 3.3.
            config.delete_pass("conv_activation_onednn_fuse_pass")
            if net.in_bfloat16:
                config.enable_mkldnn_bfloat16()
            config.set_cpu_math_library_num_threads(threads())
        elif net.in_bfloat16:
            raise UsageError("paddle: bfloat16 is supported on CPUs only")
        else:
            config.enable_use_gpu(256, 0)
        return inference.create_predictor(config)


def dtype_of(net: Network) -> paddle.dtype:
    """The dtype that the network computes in; float32 if it has no parameters."""
    return next((parameter.dtype for parameter in net.parameters()), paddle.float32)
