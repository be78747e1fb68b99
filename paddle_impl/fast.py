"""Inference as fast as Paddle computes it: by its predictor, with oneDNN on CPUs."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import paddle
from paddle import Tensor, inference
from paddle.static import InputSpec

from common.errors import UsageError
from common.threads import threads
from paddle_impl.build import Network


def fast(net: Network) -> Callable[[Tensor], Tensor]:
    """The network for inference, with the weights that it has now; N x C x H x W to logits.

    In float32 alone; the predictor of Paddle 3.3 fails in float64, so that is computed as ever.
    One thread at a time may call it.
    """
    if dtype_of(net) != paddle.float32:
        return paddle.no_grad()(deepcopy(net).eval())
    predictor = make_predictor(net)

    def classify(x: Tensor) -> Tensor:
        net.plan.check_input(tuple(x.shape[1:]))  # the predictor would compute something
        return predictor.run([x])[0]

    return classify


def make_predictor(net: Network) -> inference.Predictor:
    """Paddle's predictor, which is only made from files."""
    training = net.training
    net.eval()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "net"
        paddle.jit.save(net, str(file), [InputSpec([None, *net.plan.network.input], "float32")])
        config = inference.Config(f"{file}.json", f"{file}.pdiparams")
        config.disable_glog_info()
        if paddle.get_device() == "cpu":
            config.enable_mkldnn()
            if net.in_bfloat16:
                config.enable_mkldnn_bfloat16()
            config.set_cpu_math_library_num_threads(threads())
        elif net.in_bfloat16:
            raise UsageError("paddle: bfloat16 is for CPUs here; give --device cpu")
        else:
            config.enable_use_gpu(256, 0)
        predictor = inference.create_predictor(config)
    if training:
        net.train()
    return predictor


def dtype_of(net: Network) -> paddle.dtype:
    """What the network computes in; a pool alone takes float32."""
    return next((parameter.dtype for parameter in net.parameters()), paddle.float32)
