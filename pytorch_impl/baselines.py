"""Baselines for benchmarks: other implementations of the same networks, with the same weights."""

from pathlib import Path

import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from common.files import weights
from common.spec.plan import Plan
from pytorch_impl.googlenet import GoogLeNet


class Tutorial:
    """The hand-written GoogLeNet, run and trained as in tutorials, but without dropout.

    Evaluation does not use the heads, so their weights may be missing if the plan has no heads.
    """

    def __init__(self, plan: Plan, file: str) -> None:
        self.loss_weights = plan.loss_weights()
        self.net = GoogLeNet(plan.spec.classes)
        arrays = weights.load(Path(file), plan)
        state = {name: torch.from_numpy(array) for name, array in arrays.items()}
        self.net.load_state_dict(state, strict=bool(plan.heads))
        for layer in self.net.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0
        parameters = self.net.parameters()
        self.optimizer = torch.optim.SGD(parameters, lr=1e-4, momentum=0.9, nesterov=True)

    def classify(self, x: NDArray) -> NDArray:
        """The logits of a batch N x C x H x W."""
        self.net.eval()
        with torch.no_grad():
            return self.net(on_device(x)).cpu().numpy()

    def take_step(self, x: NDArray, labels: NDArray) -> float:
        """Takes a training step and returns the loss before the update."""
        self.net.train()
        outputs, targets = self.net(on_device(x)), on_device(labels)
        loss = sum(w * F.cross_entropy(outputs[n], targets) for n, w in self.loss_weights.items())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def on_device(array: NDArray) -> torch.Tensor:
    """The array as a tensor on the default device."""
    return torch.from_numpy(array).to(torch.get_default_device())


BASELINES = {"tutorial": Tutorial}
