"""Forward passes and gradients of a network, with NumPy arrays in and out."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from common.arrays import Arrays
from common.errors import UsageError
from common.files.framework_axes import PYTORCH
from common.spec.plan import Plan
from pytorch_impl.build import Network, build
from pytorch_impl.fast import fast
from pytorch_impl.weights import set_arrays

VERSION = torch.__version__


def choose_device(wanted: str) -> None:
    """Sets the default device: the CPU, or the GPU of this process's local rank.

    `auto` uses a GPU if there is one. Raises UsageError if `cuda` is wanted and not available.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("pytorch: no CUDA device found; use --device cpu")
    if wanted != "cpu" and torch.cuda.is_available():
        torch.set_default_device(f"cuda:{os.environ.get('LOCAL_RANK', 0)}")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Network:
    """The network with these weights, computing in `dtype`; bfloat16 uses autocast."""
    net = build(plan)
    net.in_bfloat16 = dtype == "bfloat16"
    net.to(torch.float32 if net.in_bfloat16 else getattr(torch, dtype))
    set_arrays(net, arrays)
    return net


def autocast(net: Network) -> torch.autocast:
    """The context in which a bfloat16 network computes its products in bfloat16."""
    device = next(net.parameters()).device.type
    return torch.autocast(device, torch.bfloat16, enabled=net.in_bfloat16)


def forward_pass(net: Network, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The outputs of the network, its heads and the layers at `paths`, in evaluation mode.

    `x` and the returned feature maps are N x C x H x W.
    """
    net.eval()
    with torch.no_grad(), autocast(net), record(net, paths) as outputs:
        outputs |= net.outputs(tensor(net, x))
    return {name: to_numpy(value) for name, value in outputs.items()}


def grad(net: Network, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient with respect to each parameter.

    The gradients have the names and layout of the weights file; the loss is called `loss`.
    """
    net.train()
    smoothing = net.plan.spec.label_smoothing
    with autocast(net):
        outputs = net.outputs(tensor(net, x))
    loss = training_loss(net.plan, outputs, torch.from_numpy(labels), smoothing)
    loss.backward()
    gradients = {name: weight.grad.cpu().numpy() for name, weight in net.named_parameters()}
    return {"loss": loss.detach().cpu().numpy()} | PYTORCH.from_layout(net.plan, gradients)


def training_loss(
    plan: Plan,
    outputs: Mapping[str, torch.Tensor],
    labels: torch.Tensor,
    smoothing: float,
    image_weights: NDArray | None = None,
) -> torch.Tensor:
    """The mean cross entropy of the logits, plus that of each head times the head's weight.

    `image_weights`, if given, has a factor for each image's loss.
    """
    labels = labels.to(outputs["logits"].device)
    return sum(
        weight * cross_entropy(widened(outputs[name]), labels, smoothing, image_weights)
        for name, weight in plan.loss_weights().items()
    )


def cross_entropy(
    logits: torch.Tensor,
    labels: torch.Tensor,
    smoothing: float = 0.0,
    image_weights: NDArray | None = None,
) -> torch.Tensor:
    """The mean cross entropy of the batch, each image's times its weight, if given.

    `smoothing` is the fraction of the label that is spread over all classes.
    """
    if image_weights is None:
        return F.cross_entropy(logits, labels, label_smoothing=smoothing)
    # `F.cross_entropy(weight=...)` would divide by the sum of the weights, not by the batch size.
    losses = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    return (losses * torch.from_numpy(image_weights).to(losses)).mean()


def inference_function(net: Network) -> Callable[[NDArray], NDArray]:
    """The function of `fast`, with NumPy arrays in and out."""
    quick = fast(net)
    return lambda x: to_numpy(quick(tensor(net, x)))


def count_parameters(net: Network) -> int:
    """The number of trainable parameters, as the framework counts them."""
    return sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)


def tensor(net: Network, x: NDArray) -> torch.Tensor:
    """A batch as a tensor with the network's dtype and device."""
    given = torch.from_numpy(x)
    return given.to(next(net.parameters(), given))  # a network may be a single pool


def widened(value: torch.Tensor) -> torch.Tensor:
    """Converts bfloat16 to float32, which NumPy supports; leaves other dtypes unchanged."""
    return value.float() if value.dtype == torch.bfloat16 else value


def to_numpy(value: torch.Tensor) -> NDArray:
    """A tensor as a NumPy array."""
    return widened(value).cpu().numpy()


@contextmanager
def record(net: Network, paths: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Yields a dict that collects the outputs of the modules at `paths`."""
    outputs: dict[str, torch.Tensor] = {}

    def leave(path: str, output: torch.Tensor) -> None:
        outputs[path] = output

    hooks = [
        net.get_submodule(path).register_forward_hook(lambda *call, path=path: leave(path, call[2]))
        for path in paths
    ]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
