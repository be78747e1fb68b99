"""Others' ways to the same results, with the same weights, to be timed beside this project's."""

from pathlib import Path

import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from common.files import weights
from common.plan import Plan
from pytorch_impl.googlenet import GoogLeNet


class Tutorial:
    """The network by hand, run and trained as tutorials do; nothing is dropped.

    In evaluation it has no use for the heads, whose weights may be missing then.
    """

    def __init__(self, plan: Plan, file: str) -> None:
        self.loss_weights = plan.loss_weights()
        self.net = GoogLeNet(plan.network.classes)
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
        """Takes a step of training; gives the loss before it."""
        self.net.train()
        outputs, targets = self.net(on_device(x)), on_device(labels)
        loss = sum(w * F.cross_entropy(outputs[n], targets) for n, w in self.loss_weights.items())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def on_device(array: NDArray) -> torch.Tensor:
    """An array where the network is."""
    return torch.from_numpy(array).to(torch.get_default_device())


PEERS = {"tutorial": Tutorial}
