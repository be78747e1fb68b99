"""Fast inference in PyTorch: a copy of a network, compiled by oneDNN's graph API on CPUs."""

import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import pairwise
from threading import Lock

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from common.errors import UsageError
from pytorch_impl.build import Network
from pytorch_impl.weights import unwrap

# oneDNN's ReLU turns NaN into 0, so weights that overflow would give plausible logits. A leaky
# ReLU keeps NaN and -infinity; this slope is so small that rounding removes its effect.
SLOPE = 1e-20
MAX_SHAPES = 8  # shapes of batches that stay compiled, each with weights in oneDNN's layout


class Fast(nn.Module):
    """A copy of a network for inference: channels last, batch norm fused into the convolutions.

    On CPUs it is compiled for each shape of batch, when the shape comes for the second time.
    """

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = deepcopy(net).eval().requires_grad_(False)
        for layer in list(self.net.modules()):
            if isinstance(layer, nn.Sequential):
                fuse_batch_norm(layer)
        self.input_dtype = next((p.dtype for p in net.parameters()), None)  # any dtype if None
        self.dtype = torch.bfloat16 if net.in_bfloat16 else self.input_dtype
        self.net.to(dtype=self.dtype, memory_format=torch.channels_last)
        self.compiles = suits_onednn(net)
        if self.compiles:
            keep_nan(self.net)
        self.functions: dict[torch.Size, Callable[[Tensor], Tensor]] = {}
        self.one_at_a_time = Lock()

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        self.net.check_input(x)
        if self.input_dtype and x.dtype != self.input_dtype:
            name = self.net.plan.spec.name
            raise UsageError(f"{name} takes {self.input_dtype} here, not {x.dtype}; convert it")
        x = x.to(self.dtype or x.dtype, memory_format=torch.channels_last)
        return self.function(x)(x)

    def function(self, x: Tensor) -> Callable[[Tensor], Tensor]:
        """The function for batches of this shape: the network, or the network compiled."""
        if not self.compiles:
            return self.net
        with self.one_at_a_time:
            known = self.functions.pop(x.shape, None)
            function = compiled(self.net, x) if known is self.net else known or self.net
            self.functions[x.shape] = function
            if len(self.functions) > MAX_SHAPES:
                del self.functions[next(iter(self.functions))]  # the least recently used
        return function


class MaxPool(nn.MaxPool2d):
    """`nn.MaxPool2d` whose result is -infinity where oneDNN's is the lowest finite number.

    oneDNN returns that number where all values of a window are NaN.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 2 / 2


def fast(net: nn.Module) -> Fast:
    """Returns a copy of the network that is optimised for inference.

    Later changes to `net` do not affect the copy, and `net` is left as it is. Overflow and NaN show
    in the logits, as they do in `net`. Several threads may call it. On CPUs the second batch of a
    shape takes longer, because the copy is compiled for this shape; later ones are faster.

    Args:
        net: A network of this package, with or without heads, in either mode.

    Returns:
        A function that maps images N x C x H x W to logits N x classes.

    Raises:
        UsageError: For a network of another package; in a call, for a different shape or dtype.

    Example:
        >>> quick = fast(googlenet(classes=10))
        >>> quick(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 10])
    """
    return Fast(unwrap(net))


def suits_onednn(net: Network) -> bool:
    """Whether oneDNN can compile the network: on a CPU, not in float64, and without hooks.

    A user's hooks may have side effects, which a compiled network would not have.
    """
    weight = next(net.parameters(), torch.empty(0))  # a network may be a single pool
    suits = weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.bfloat16)
    return suits and torch.backends.mkldnn.is_available() and all(map(has_no_hooks, net.modules()))


def keep_nan(net: Network) -> None:
    """Replaces the ReLUs and the max pools by layers that also keep NaN in oneDNN."""
    for path, layer in list(net.named_modules()):
        if type(layer) is nn.ReLU:
            net.set_submodule(path, nn.LeakyReLU(SLOPE))
        elif type(layer) is nn.MaxPool2d:
            kernel, stride, pads = layer.kernel_size, layer.stride, layer.padding
            net.set_submodule(path, MaxPool(kernel, stride, pads, ceil_mode=layer.ceil_mode))


def compiled(net: Network, x: Tensor) -> Callable[[Tensor], Tensor]:
    """The network compiled for batches of the shape of `x`, or as it is if the compiler fails."""
    try:
        graph = compile_graph(net, x)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        warnings.warn(
            f"oneDNN could not compile the network, so it is slower: {reason}", stacklevel=2
        )
        return net.forward

    def classify(x: Tensor) -> Tensor:
        logits = graph(x)
        # oneDNN's max pools drop NaN; adding this sum makes the logits of non-finite images NaN.
        lost = (x * 0).flatten(1).sum(1)
        return logits + lost.reshape([-1] + [1] * (logits.ndim - 1))

    return classify


def compile_graph(net: Network, x: Tensor) -> torch.jit.ScriptModule:
    """The network as a graph that oneDNN has compiled for batches of the shape of `x`."""
    enabled = torch.jit.onednn_fusion_enabled()
    torch.jit.enable_onednn_fusion(True)
    try:
        with warnings.catch_warnings():
            # torch.jit is deprecated, but torch.compile needs a C++ compiler.
            warnings.simplefilter("ignore")
            graph = torch.jit.freeze(torch.jit.trace(net, x, check_trace=False))
        for _ in range(2):  # the first call records the shapes, the second one compiles
            graph(x)
    finally:
        torch.jit.enable_onednn_fusion(enabled)
    return graph


def layers(chain: nn.Sequential, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yields the layers of a chain and of the chains in it, by name, in execution order."""
    for name, layer in chain.named_children():
        if isinstance(layer, nn.Sequential):
            yield from layers(layer, f"{path}{name}.")
        elif not isinstance(layer, nn.Identity):
            yield f"{path}{name}", layer


def has_no_hooks(layer: nn.Module) -> bool:
    """Whether a layer has no hooks, which may change its weights, input or output."""
    return not layer._forward_hooks and not layer._forward_pre_hooks


def fuse_batch_norm(chain: nn.Sequential) -> None:
    """Fuses each batch norm into the weights of the convolution before it."""
    for (name, layer), (next_name, follower) in pairwise(list(layers(chain))):
        plain = has_no_hooks(layer) and has_no_hooks(follower)
        if isinstance(follower, nn.BatchNorm2d) and plain:
            chain.set_submodule(name, fuse_conv_bn_eval(layer, follower))
            chain.set_submodule(next_name, nn.Identity())
