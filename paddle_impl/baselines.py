"""Baselines for benchmarks: other implementations of the same networks, with the same weights."""

from pathlib import Path

import paddle
from numpy.typing import NDArray
from paddle.nn import functional as F

from common.files import weights
from common.files.framework_axes import PADDLE
from common.spec.plan import Plan
from paddle_impl.googlenet import GoogLeNet

VISION = {
    "googlenet.paddle_vision": paddle.vision.models.googlenet,
    "inception_v3.paddle_vision": paddle.vision.models.inception_v3,
}


class Tutorial:
    """The hand-written GoogLeNet, run and trained as in tutorials, but without dropout.

    Evaluation does not use the heads, so their weights may be missing if the plan has no heads.
    """

    def __init__(self, plan: Plan, file: str) -> None:
        self.loss_weights = plan.loss_weights()
        self.net = GoogLeNet(plan.spec.classes)
        arrays = PADDLE.to_layout(plan, weights.load(Path(file), plan))
        self.net.set_state_dict(self.net.state_dict() | arrays)
        for layer in self.net.sublayers():
            if isinstance(layer, paddle.nn.Dropout):
                layer.p = 0
        self.optimizer = make_optimizer(self.net)

    def classify(self, x: NDArray) -> NDArray:
        """The logits of a batch N x C x H x W."""
        self.net.eval()
        with paddle.no_grad():
            return self.net(paddle.to_tensor(x)).numpy()

    def take_step(self, x: NDArray, labels: NDArray) -> float:
        """Takes a training step and returns the loss before the update."""
        self.net.train()
        outputs = self.net(paddle.to_tensor(x))
        return take_step(self, list(map(outputs.get, self.loss_weights)), labels)


class Vision:
    """The network of paddle.vision, which also computes its heads in evaluation."""

    def __init__(self, plan: Plan, file: str) -> None:
        self.loss_weights = plan.loss_weights()
        self.net = VISION[plan.spec.name](num_classes=plan.spec.classes)
        self.net.set_state_dict(paddle.load(file))
        self.optimizer = make_optimizer(self.net)

    def classify(self, x: NDArray) -> NDArray:
        """The logits of a batch N x C x H x W."""
        self.net.eval()
        with paddle.no_grad():
            return as_list(self.net(paddle.to_tensor(x)))[0].numpy()

    def take_step(self, x: NDArray, labels: NDArray) -> float:
        """Takes a training step and returns the loss before the update."""
        train_but_drop_nothing(self.net)
        return take_step(self, as_list(self.net(paddle.to_tensor(x))), labels)


def as_list(found: paddle.Tensor | list | tuple) -> list:
    """The logits and the outputs of the heads, if any, as a list."""
    return list(found) if isinstance(found, list | tuple) else [found]


def train_but_drop_nothing(net: paddle.nn.Layer) -> None:
    """Sets training mode, but leaves dropout in evaluation mode.

    There paddle.vision's dropout drops nothing and multiplies by 1 - rate, as the plan does.
    """
    net.train()
    for layer in net.sublayers():
        if isinstance(layer, paddle.nn.Dropout):
            layer.eval()


def make_optimizer(net: paddle.nn.Layer) -> paddle.optimizer.Optimizer:
    """SGD with Nesterov momentum."""
    parameters = net.parameters()
    return paddle.optimizer.Momentum(1e-4, 0.9, parameters=parameters, use_nesterov=True)


def take_step(baseline: Tutorial | Vision, outputs: list[paddle.Tensor], labels: NDArray) -> float:
    """Takes a training step for these outputs and returns the loss before the update."""
    targets = paddle.to_tensor(labels)
    losses = [F.cross_entropy(output, targets) for output in outputs]
    loss = sum(w * own for w, own in zip(baseline.loss_weights.values(), losses, strict=True))
    loss.backward()
    baseline.optimizer.step()
    baseline.optimizer.clear_grad()
    return loss.item()


BASELINES = {"tutorial": Tutorial, "paddle.vision": Vision}
