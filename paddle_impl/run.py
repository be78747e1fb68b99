"""One forward pass, or one gradient, of a planned network: arrays in, arrays out."""

from collections.abc import Mapping, Sequence

import paddle
from numpy.typing import NDArray
from paddle.nn.layer.layers import HookRemoveHelper

from common.shapes import Plan
from paddle_impl.build import Network
from paddle_impl.weights import load, tensors, turned

VERSION = paddle.__version__
Arrays = dict[str, NDArray]


def loaded(plan: Plan, weights: Mapping[str, NDArray], dtype: str) -> Network:
    """The network with these weights, computing in `dtype`."""
    net = Network(plan).to(dtype=dtype)
    load(net, weights)
    return net


def run(net: Network, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The result, the heads' outputs and those of the layers at `paths`, in evaluation mode.

    `x` is N x C x H x W, and so are the maps that come out.
    """
    net.eval()
    found: dict[str, paddle.Tensor] = {}
    hooks = [keep(net, path, found) for path in paths]
    with paddle.no_grad():
        found |= net.outputs(tensor(net, x))
    for hook in hooks:
        hook.remove()
    return {name: value.numpy() for name, value in found.items()}


def grad(net: Network, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient by every parameter, in the weights file's layout."""
    net.train()
    outputs = net.outputs(tensor(net, x))
    target = paddle.to_tensor(labels)
    loss = sum(
        w * cross_entropy(outputs[name], target) for name, w in net.plan.loss_weights().items()
    )
    loss.backward()
    held = tensors(net)
    gradients = {name: turned(held[name].grad.numpy()) for name in net.plan.parameters()}
    return {"loss": loss.numpy()} | gradients


def cross_entropy(logits: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """The mean over the batch of -log of the target's probability, from logits N x classes."""
    # Paddle's own cross_entropy and log_softmax cut logits off at 64 below the largest.
    chosen = paddle.take_along_axis(logits, target.unsqueeze(1), axis=1).squeeze(1)
    return (paddle.logsumexp(logits, axis=1) - chosen).mean()


def count(net: Network) -> int:
    """How many parameters the framework itself would learn."""
    learned = (p for p in net.parameters() if not p.stop_gradient)
    return sum(p.size for p in learned if p.optimize_attr["learning_rate"])


def tensor(net: Network, x: NDArray) -> paddle.Tensor:
    """A batch as the network takes it."""
    return paddle.to_tensor(x, dtype=net.parameters()[0].dtype)


def keep(net: Network, path: str, found: dict[str, paddle.Tensor]) -> HookRemoveHelper:
    """Has the sublayer at `path` leave its output in `found` whenever it runs."""
    return dict(net.named_sublayers())[path].register_forward_post_hook(
        lambda _, inputs, output: found.update({path: output})  # noqa: ARG005
    )
