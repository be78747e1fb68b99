"""The judge of whole networks: one forward pass, or one gradient, in NumPy float64."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.gradient import Forward, Masks, backward
from common.plan import Plan
from common.reference import Array, Compute, Weights, apply, compute

VERSION = np.__version__


@dataclass(frozen=True)
class Reference:
    """A planned network with its weights, to be computed by NumPy."""

    plan: Plan
    weights: Weights


@dataclass(frozen=True)
class Step:
    """The loss of one batch, its gradient by every parameter, the running statistics after it."""

    loss: float
    gradients: Weights
    statistics: Weights


def choose_device(wanted: str) -> None:
    """The judge computes on the CPU; raises UsageError for another wish."""
    if wanted == "cuda":
        raise UsageError("numpy: the reference computes on the CPU; give --device cpu")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Reference:  # noqa: ARG001
    """The network with these weights; whatever `dtype` is, the judge computes in float64."""
    return Reference(plan, to_float64(arrays))


def to_float64(arrays: Mapping[str, NDArray]) -> Weights:
    """The arrays as what the judge computes in."""
    return {name: array.astype(np.float64) for name, array in arrays.items()}


def run(net: Reference, x: NDArray, paths: Sequence[str]) -> dict[str, Array]:
    """The result, the heads' outputs and those of the layers at `paths`, in evaluation mode.

    `x` is N x C x H x W, and so are the maps that come out.
    """
    outputs = compute_all(net.plan, x.astype(np.float64), net.weights)
    return {path: outputs[path] for path in [net.plan.network.output, *net.plan.heads, *paths]}


def classifier(net: Reference) -> Callable[[NDArray], NDArray]:
    """What turns batches into results; the judge has one way only."""
    return lambda x: run(net, x, [])[net.plan.network.output]


def grad(net: Reference, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient by every parameter, in the weights file's layout.

    Raises UsageError for a network with dropout, whose gradient depends on what is dropped.
    """
    smoothing = net.plan.network.label_smoothing
    step = differentiate(net.plan, net.weights, x, labels, smoothing)
    return {"loss": np.array(step.loss), **step.gradients}


def count_parameters(net: Reference) -> int:
    """How many learned parameters the network holds."""
    return sum(net.weights[name].size for name in net.plan.parameters())


def differentiate(
    plan: Plan,
    arrays: Mapping[str, NDArray],
    x: NDArray,
    labels: NDArray,
    smoothing: float = 0.0,
    masks: Masks | None = None,
) -> Step:
    """One step of training as far as its gradients, for images N x C x H x W and N labels.

    The loss is the mean cross entropy of the result, and of each head times its weight. `masks`
    tells by path which values, N x C x H x W or N x C, each dropout keeps; raises UsageError
    for one that is missing.
    """
    weights, forward = to_float64(arrays), Forward(masks or {})
    outputs = compute_all(plan, x.astype(np.float64), weights, forward.compute)
    loss, dys = 0.0, dict[str, Array]()
    for name, weight in plan.loss_weights().items():
        own_loss, dlogits = cross_entropy(outputs[name], labels, smoothing)
        loss, dys[name] = loss + weight * own_loss, weight * dlogits
    gradients = backward_all(plan, dys, forward)
    ordered = {name: gradients[name] for name in plan.parameters()}
    return Step(loss, ordered, new_statistics(plan, weights, forward))


def new_statistics(plan: Plan, weights: Weights, forward: Forward) -> Weights:
    """The running statistics after a forward pass: so much kept of each, the rest the batch's."""
    return {
        f"{node.path}.{name}": node.keep * weights[f"{node.path}.{name}"]
        + (1 - node.keep) * forward.own[node.path][name]
        for node in plan.nodes()
        for name, _ in node.statistics
    }


def cross_entropy(logits: Array, labels: NDArray, smoothing: float) -> tuple[float, Array]:
    """The mean over a batch of logits N x classes, and its gradient by them.

    With `smoothing` so much of each label is spread over all classes.
    """
    images, classes = logits.shape
    targets = np.full(logits.shape, smoothing / classes)
    targets[np.arange(images), labels] += 1 - smoothing
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -(targets * log_probabilities).sum() / images
    return float(loss), (np.exp(log_probabilities) - targets) / images


def compute_all(
    plan: Plan, x: Array, weights: Weights, compute: Compute = compute
) -> dict[str, Array]:
    """The outputs of every node, of the heads too, under their paths, and the result's name.

    `compute` gives the output of a word that holds no others: in evaluation mode, if not given.
    """
    outputs: dict[str, Array] = {}
    outputs[plan.network.output] = apply(plan.body, x, weights, outputs, compute)
    for name, head in plan.heads.items():
        apply(head, outputs[plan.network.heads[name].after], weights, outputs, compute)
    return outputs


def backward_all(plan: Plan, dys: Weights, forward: Forward) -> dict[str, Array]:
    """The gradient by every parameter, from those by the result and by the heads' outputs."""
    gradients: dict[str, Array] = {}
    tapped: dict[str, Array] = {}
    for name, head in plan.heads.items():
        after = plan.network.heads[name].after
        tapped[after] = tapped.get(after, 0) + backward(head, dys[name], forward, gradients)
    dy = dys[plan.network.output]
    for step in reversed(plan.body.children):
        dy = backward(step, dy + tapped.get(step.path, 0), forward, gradients)
    return gradients
