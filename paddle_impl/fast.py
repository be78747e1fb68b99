"""Inference as fast as Paddle computes it: by its predictor, with oneDNN on CPUs."""

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
    """A copy of the network for inference, with the weights that it has now; images N x C x H x W
    to logits.

    What overflows or is NaN makes its logits NaN or infinite, as in the network. Several threads
    may call it; they take turns. Raises UsageError for a network of others, in a call for another
    shape or dtype. The predictor of Paddle 3.3 fails in float64, so that is computed as ever.
    """
    copied = deepcopy(unwrap(net)).eval()
    dtype = dtype_of(copied)
    if dtype != paddle.float32:
        return paddle.no_grad()(copied)
    predictor, one_at_a_time = make_predictor(copied), Lock()

    def classify(x: Tensor) -> Tensor:
        copied.plan.check_input(tuple(x.shape))  # the predictor would compute something
        if x.dtype != dtype:
            name = copied.plan.network.name
            raise UsageError(f"{name} takes {dtype} here, and not {x.dtype}; convert it")
        x = x.contiguous()  # the predictor takes a view's memory as it lies
        try:
            with one_at_a_time:
                logits = predictor.run([x])[0]
        except RuntimeError as error:
            if not copied.in_bfloat16:
                raise
            raise UsageError(
                f"paddle: its predictor fails in bfloat16 on this processor ({error}); "
                "give --dtype float32"
            ) from None
        # oneDNN's max pools drop NaN: what is not finite in an image goes past them.
        lost = (x * 0).flatten(1).sum(1)
        return logits + lost.reshape([-1] + [1] * (logits.ndim - 1))

    return classify


def make_predictor(net: Network) -> inference.Predictor:
    """Paddle's predictor, which is only made from files, for a network in evaluation."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "net"
        paddle.jit.save(net, str(file), [InputSpec([None, *net.plan.network.input], "float32")])
        config = inference.Config(f"{file}.json", f"{file}.pdiparams")
        config.disable_glog_info()
        if paddle.get_device() == "cpu":
            config.enable_mkldnn()
            # Joining a ReLU with a slope to a convolution crashes Paddle 3.3.
            config.delete_pass("conv_activation_onednn_fuse_pass")
            if net.in_bfloat16:
                config.enable_mkldnn_bfloat16()
            config.set_cpu_math_library_num_threads(threads())
        elif net.in_bfloat16:
            raise UsageError("paddle: bfloat16 is for CPUs here; give --device cpu")
        else:
            config.enable_use_gpu(256, 0)
        return inference.create_predictor(config)


def dtype_of(net: Network) -> paddle.dtype:
    """What the network computes in; a pool alone takes float32."""
    return next((parameter.dtype for parameter in net.parameters()), paddle.float32)
