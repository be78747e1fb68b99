"""Forward passes and gradients of a network, with NumPy arrays in and out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import paddle
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.files.framework_axes import PADDLE
from common.spec.plan import Plan
from paddle_impl.build import Network, build
from paddle_impl.fast import dtype_of, fast
from paddle_impl.weights import set_arrays

VERSION = paddle.__version__


def choose_device(wanted: str) -> None:
    """Sets the default device to the CPU or a GPU.

    `auto` uses a GPU if there is one. Raises UsageError if `cuda` is wanted and not available.
    """
    found = paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count()
    if wanted == "cuda" and not found:
        raise UsageError("paddle: no CUDA device found; use --device cpu")
    paddle.set_device("gpu" if found and wanted != "cpu" else "cpu")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Network:
    """The network with these weights, computing in `dtype`; bfloat16 needs the predictor."""
    net = build(plan)
    net.in_bfloat16 = dtype == "bfloat16"
    net.to(dtype="float32" if net.in_bfloat16 else dtype)
    set_arrays(net, arrays)
    return net


def forward_pass(net: Network, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The outputs of the network, its heads and the layers at `paths`, in evaluation mode.

    `x` and the returned feature maps are N x C x H x W.
    """
    check_precision(net)
    net.eval()
    with paddle.no_grad(), record(net, paths) as outputs:
        outputs |= net.outputs(tensor(net, x))
    return {name: value.numpy() for name, value in outputs.items()}


def grad(net: Network, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient with respect to each parameter.

    The gradients have the names and layout of the weights file; the loss is called `loss`.
    """
    check_precision(net)
    net.train()
    smoothing = net.plan.spec.label_smoothing
    outputs = net.outputs(tensor(net, x))
    loss = training_loss(net.plan, outputs, paddle.to_tensor(labels), smoothing)
    loss.backward()
    # Paddle lists running statistics as parameters as well; they have no gradient.
    learned = {name: p for name, p in net.named_parameters() if p.grad is not None}
    gradients = {name: weight.grad.numpy() for name, weight in learned.items()}
    return {"loss": loss.numpy()} | PADDLE.from_layout(net.plan, gradients)


def check_precision(net: Network) -> None:
    """Raises UsageError for a bfloat16 network; on CPUs only the predictor supports bfloat16."""
    if net.in_bfloat16:
        raise UsageError(
            "paddle: only its predictor computes in bfloat16; use evaluate, predict or bench"
        )


def training_loss(
    plan: Plan,
    outputs: Mapping[str, paddle.Tensor],
    labels: paddle.Tensor,
    smoothing: float,
    image_weights: NDArray | None = None,
) -> paddle.Tensor:
    """The mean cross entropy of the logits, plus that of each head times the head's weight.

    `image_weights`, if given, has a factor for each image's loss.
    """
    return sum(
        weight * cross_entropy(outputs[name], labels, smoothing, image_weights)
        for name, weight in plan.loss_weights().items()
    )


def cross_entropy(
    logits: paddle.Tensor,
    labels: paddle.Tensor,
    smoothing: float = 0.0,
    image_weights: NDArray | None = None,
) -> paddle.Tensor:
    """The mean cross entropy of the batch, each image's times its weight, if given.

    `smoothing` is the fraction of the label that is spread over all classes.
    """
    # Paddle's own cross_entropy and log_softmax clip logits to at most 64 below the largest.
    chosen = paddle.take_along_axis(logits, labels.unsqueeze(1), axis=1).squeeze(1)
    expected = (1 - smoothing) * chosen + smoothing * logits.mean(axis=1)
    losses = paddle.logsumexp(logits, axis=1) - expected
    if image_weights is not None:
        losses = losses * paddle.to_tensor(image_weights, losses.dtype)
    return losses.mean()


def inference_function(net: Network) -> Callable[[NDArray], NDArray]:
    """The function of `fast`, with NumPy arrays in and out."""
    quick = fast(net)
    return lambda x: quick(tensor(net, x)).numpy()


def count_parameters(net: Network) -> int:
    """The number of trainable parameters, as the framework counts them."""
    learned = (p for p in net.parameters() if not p.stop_gradient)
    # A batch norm without a scale has one that is not trained: its learning rate is 0.
    return sum(p.size for p in learned if p.optimize_attr["learning_rate"])


def tensor(net: Network, x: NDArray) -> paddle.Tensor:
    """A batch as a tensor with the network's dtype."""
    return paddle.to_tensor(x, dtype=dtype_of(net))


@contextmanager
def record(net: Network, paths: Sequence[str]) -> Iterator[dict[str, paddle.Tensor]]:
    """Yields a dict that collects the outputs of the sublayers at `paths`."""
    outputs: dict[str, paddle.Tensor] = {}

    def leave(path: str, output: paddle.Tensor) -> None:
        outputs[path] = output

    layers = dict(net.named_sublayers())
    hooks = [
        layers[path].register_forward_post_hook(lambda *call, path=path: leave(path, call[2]))
        for path in paths
    ]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
