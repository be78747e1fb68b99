"""Training in PyTorch: a single step, and the training loop."""

import torch
from numpy.typing import NDArray
from torch import Tensor

from common.arrays import Arrays
from common.files.framework_axes import PYTORCH
from common.training.evaluation import evaluate
from common.training.freeze import frozen_layers
from common.training.recipe import Recipe
from common.training.state import join_slots, split_slots
from common.training.training_run import Step, TrainingRun
from pytorch_impl.build import Network
from pytorch_impl.custom_layers import Dropout
from pytorch_impl.distributed import Group
from pytorch_impl.optimizers import get_slots, learned, make_optimizer, set_steps
from pytorch_impl.run import autocast, tensor, to_numpy, training_loss
from pytorch_impl.weights import get_arrays, set_arrays


def train(net: Network, run: TrainingRun, group: Group) -> None:
    """Trains the network with the run's recipe, starting from the run's current step."""
    if not run.plain:
        net = net.to(memory_format=torch.channels_last)  # oneDNN and cuDNN are faster with it
    trainer = Trainer(net, run.recipe, group)
    trainer.set_state(run.take_state(), run.step)
    for step in run.steps():
        # The stop flag is averaged with the loss, so that all processes stop after the same step.
        loss, accuracy = trainer.take_step(step)
        run.log(step, *group.mean(loss, accuracy, run.asked_to_stop))
        if step.ends_epoch:
            run.score(step, evaluate(trainer.predict, run.scored_batches()))
        if run.must_save(step):
            run.save(step, trainer.get_state())


class Trainer:
    """A network in training, with its optimizer and the moving averages of its weights."""

    def __init__(self, net: Network, recipe: Recipe, group: Group) -> None:
        self.net, self.recipe = net, recipe
        self.frozen = freeze(net, recipe)
        self.forward = group.data_parallel(net)
        self.optimizer = make_optimizer(net, recipe)
        weights = learned(net) if recipe.average else {}
        self.averages = {name: weight.detach().clone() for name, weight in weights.items()}

    def take_step(self, step: Step) -> tuple[float, float]:
        """Takes a training step; returns the loss before the update, and the top-1 of the batch."""
        net, recipe = self.net, self.recipe
        net.train()
        for layer in self.frozen:
            layer.eval()
        set_dropout(net, step)
        with autocast(net):
            outputs = self.forward(tensor(net, step.x))
        labels = torch.from_numpy(step.labels)
        smoothing, weights = recipe.label_smoothing, step.image_weights
        loss = training_loss(net.plan, outputs, labels, smoothing, weights)
        self.optimizer.zero_grad()
        loss.backward()
        if recipe.clip:
            clip(net, recipe.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = step.rate
        self.optimizer.step()
        self.update_averages()
        return loss.item(), top1(outputs["logits"], labels)

    @torch.no_grad()
    def update_averages(self) -> None:
        """Updates the moving average of each weight."""
        weights = learned(self.net)
        for name, average in self.averages.items():
            average.lerp_(weights[name], 1 - self.recipe.average)

    @torch.no_grad()
    def predict(self, x: NDArray) -> NDArray:
        """The logits of a batch, computed with the averaged weights if there are any."""
        net = self.net.eval()
        with autocast(net):
            return to_numpy(torch.func.functional_call(net, self.averages, (tensor(net, x),)))

    def slots(self) -> dict[str, dict[str, Tensor]]:
        """The optimizer's state and the averaged weights, by slot and parameter."""
        return get_slots(self.net, self.optimizer) | {"average": self.averages}

    def get_state(self) -> Arrays:
        """The state needed to resume a run: weights, running statistics, slots and averages."""
        slots = {
            slot: PYTORCH.from_layout(self.net.plan, {n: v.cpu().numpy() for n, v in held.items()})
            for slot, held in self.slots().items()
        }
        return join_slots({"weights": get_arrays(self.net)} | slots)

    def set_state(self, state: Arrays, steps: int) -> None:
        """Restores a state from `get_state`, saved after `steps` steps."""
        slots = split_slots(state)
        set_arrays(self.net, slots["weights"])
        set_steps(self.optimizer, steps)
        for slot, held in self.slots().items():
            found = PYTORCH.to_layout(self.net.plan, slots.get(slot, {}))
            for name, array in found.items():
                held[name].copy_(torch.from_numpy(array))


def freeze(net: Network, recipe: Recipe) -> list[torch.nn.Module]:
    """Excludes the recipe's frozen layers from training, and returns them."""
    layers = [net.get_submodule(path) for path in frozen_layers(net.plan, recipe.freeze)]
    for layer in layers:
        layer.requires_grad_(False)
    return layers


def top1(logits: Tensor, labels: Tensor) -> float:
    """The top-1 accuracy on the batch."""
    return (logits.argmax(1).cpu() == labels).double().mean().item()


def set_dropout(net: Network, step: Step) -> None:
    """Sets each dropout layer's key in this step, and the index of this process's first image."""
    for path, layer in net.named_modules():
        if isinstance(layer, Dropout):
            layer.key, layer.first = step.dropout_key(path), step.first


def clip(net: Network, most: float) -> None:
    """Scales all gradients so that their global norm is at most `most`.

    PyTorch's own `clip_grad_norm_` adds 1e-6 to the norm.
    """
    gradients = [weight.grad for weight in learned(net).values()]
    norm = torch.nn.utils.get_total_norm(gradients)
    torch._foreach_mul_(gradients, most / norm.clamp(min=most))
