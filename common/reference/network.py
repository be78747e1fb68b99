"""The reference for whole networks: one forward pass or one gradient, in NumPy float64."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.reference.gradients import Forward, Masks, backward
from common.reference.layers import Array, Compute, Weights, apply, compute
from common.reference.numerics import cross_entropy
from common.spec.plan import Plan

VERSION = np.__version__


@dataclass(frozen=True)
class Reference:
    """A network as the reference computes it: its plan and its arrays in float64."""

    plan: Plan
    weights: Weights


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """The loss of one batch, its gradients for all parameters, and the updated buffers."""

    loss: float
    gradients: Weights
    buffers: Weights


def choose_device(wanted: str) -> None:
    """Raises UsageError for a GPU, because the reference only computes on the CPU."""
    if wanted == "cuda":
        raise UsageError("numpy: the reference runs only on the CPU; use --device cpu")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Reference:  # noqa: ARG001
    """The network with these weights; the reference computes in float64 and ignores `dtype`."""
    return Reference(plan, to_float64(arrays))


def to_float64(arrays: Mapping[str, NDArray]) -> Weights:
    """The arrays as float64, the precision of the reference."""
    return {name: array.astype(np.float64) for name, array in arrays.items()}


def forward_pass(net: Reference, x: NDArray, paths: Sequence[str]) -> dict[str, Array]:
    """The outputs of the network, its heads and the layers at `paths`, in evaluation mode.

    `x` and the returned feature maps are N x C x H x W.
    """
    outputs = compute_all(net.plan, x.astype(np.float64), net.weights)
    return {path: outputs[path] for path in [net.plan.spec.output, *net.plan.heads, *paths]}


def inference_function(net: Reference) -> Callable[[NDArray], NDArray]:
    """A function from batches to the outputs of `net`."""
    return lambda x: forward_pass(net, x, [])[net.plan.spec.output]


def grad(net: Reference, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient with respect to each parameter.

    The arrays are in the layout of weights files. Raises UsageError for a network with dropout,
    whose gradients depend on which values are dropped.
    """
    smoothing = net.plan.spec.label_smoothing
    step = differentiate(net.plan, net.weights, x, labels, smoothing)
    return {"loss": np.array(step.loss), **step.gradients}


def count_parameters(net: Reference) -> int:
    """The number of learned parameters, without buffers."""
    return sum(net.weights[name].size for name in net.plan.parameter_shapes())


def differentiate(
    plan: Plan,
    arrays: Mapping[str, NDArray],
    x: NDArray,
    labels: NDArray,
    smoothing: float = 0.0,
    masks: Masks | None = None,
    image_weights: Array | float = 1.0,
    frozen: Collection[str] = (),
) -> StepResult:
    """Computes one training step up to its gradients, for N x C x H x W images and N labels.

    The loss is the mean cross entropy of the output plus that of each head times its weight;
    `smoothing` is the label smoothing. `masks` has, by path, the values that each dropout keeps
    (N x C x H x W or N x C); raises UsageError if one is missing. `image_weights` are N factors of
    the images' losses. The batch norms whose paths are in `frozen` use their running statistics,
    which do not change.
    """
    weights, forward = to_float64(arrays), Forward(masks or {}, frozenset(frozen))
    outputs = compute_all(plan, x.astype(np.float64), weights, forward.compute)
    loss, dys = 0.0, dict[str, Array]()
    for name, weight in plan.loss_weights().items():
        own_loss, dlogits = cross_entropy(outputs[name], labels, smoothing, image_weights)
        loss, dys[name] = loss + weight * own_loss, weight * dlogits
    gradients = backward_all(plan, dys, forward)
    ordered = {name: gradients[name] for name in plan.parameter_shapes()}
    return StepResult(loss=loss, gradients=ordered, buffers=new_statistics(plan, weights, forward))


def new_statistics(plan: Plan, weights: Weights, forward: Forward) -> Weights:
    """The running statistics after a forward pass: keep * running + (1 - keep) * batch.

    Those of frozen layers do not change, and are left out.
    """
    return {
        f"{node.path}.{name}": node.keep * weights[f"{node.path}.{name}"]
        + (1 - node.keep) * forward.own[node.path][name]
        for node in plan.nodes()
        if node.path not in forward.frozen
        for name, _ in node.buffers
    }


def compute_all(
    plan: Plan, x: Array, weights: Weights, compute: Compute = compute
) -> dict[str, Array]:
    """The outputs of all nodes of the body and the heads, by path, and the final output by name.

    `compute` computes the output of a leaf layer, by default in evaluation mode.
    """
    outputs: dict[str, Array] = {}
    outputs[plan.spec.output] = apply(plan.body, x, weights, outputs, compute)
    for name, head in plan.heads.items():
        apply(head, outputs[plan.spec.heads[name].after], weights, outputs, compute)
    return outputs


def backward_all(plan: Plan, dys: Weights, forward: Forward) -> dict[str, Array]:
    """The gradients with respect to all parameters, given those with respect to the outputs."""
    gradients: dict[str, Array] = {}
    tapped: dict[str, Array] = {}
    for name, head in plan.heads.items():
        after = plan.spec.heads[name].after
        tapped[after] = tapped.get(after, 0) + backward(head, dys[name], forward, gradients)
    dy = dys[plan.spec.output]
    for child in reversed(plan.body.children):
        dy = backward(child, dy + tapped.get(child.path, 0), forward, gradients)
    return gradients
