"""Training in Paddle: a single step, and the training loop."""

import paddle
from numpy.typing import NDArray
from paddle import Tensor

from common.arrays import Arrays
from common.files.framework_axes import PADDLE
from common.training.evaluation import evaluate
from common.training.freeze import frozen_layers
from common.training.recipe import Recipe
from common.training.state import join_slots, split_slots
from common.training.training_run import Step, TrainingRun
from paddle_impl.build import Network
from paddle_impl.custom_layers import Dropout
from paddle_impl.distributed import Group
from paddle_impl.optimizers import get_slots, learned, make_optimizer, set_steps
from paddle_impl.run import check_precision, tensor, training_loss
from paddle_impl.weights import get_arrays, set_arrays


def train(net: Network, run: TrainingRun, group: Group) -> None:
    """Trains the network with the run's recipe, starting from the run's current step."""
    check_precision(net)
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
        outputs = self.forward(tensor(net, step.x))
        labels = paddle.to_tensor(step.labels)
        smoothing, weights = recipe.label_smoothing, step.image_weights
        loss = training_loss(net.plan, outputs, labels, smoothing, weights)
        loss.backward()
        self.optimizer.set_lr(step.rate)
        self.optimizer.step()
        self.optimizer.clear_grad(set_to_zero=False)  # zeros would take memory in the next step
        self.update_averages()
        return loss.item(), top1(outputs["logits"], labels)

    @paddle.no_grad()
    def update_averages(self) -> None:
        """Updates the moving average of each weight."""
        weights = learned(self.net)
        for name, average in self.averages.items():
            average.lerp_(weights[name], 1 - self.recipe.average)

    @paddle.no_grad()
    def predict(self, x: NDArray) -> NDArray:
        """The logits of a batch, computed with the averaged weights if there are any."""
        net, weights = self.net, learned(self.net)
        net.eval()
        # Paddle cannot call a network with other weights.
        own = {name: weights[name].clone() for name in self.averages}
        set_values(weights, self.averages)
        logits = net(tensor(net, x)).numpy()
        set_values(weights, own)
        return logits

    def slots(self) -> dict[str, dict[str, Tensor]]:
        """The optimizer's state and the averaged weights, by slot and parameter."""
        return get_slots(self.net, self.optimizer) | {"average": self.averages}

    def get_state(self) -> Arrays:
        """The state needed to resume a run: weights, running statistics, slots and averages."""
        slots = {
            slot: PADDLE.from_layout(self.net.plan, {n: v.numpy() for n, v in held.items()})
            for slot, held in self.slots().items()
        }
        return join_slots({"weights": get_arrays(self.net)} | slots)

    def set_state(self, state: Arrays, steps: int) -> None:
        """Restores a state from `get_state`, saved after `steps` steps."""
        slots = split_slots(state)
        set_arrays(self.net, slots["weights"])
        set_steps(self.optimizer, steps)
        for slot, held in self.slots().items():
            found = PADDLE.to_layout(self.net.plan, slots.get(slot, {}))
            for name, array in found.items():
                held[name].set_value(array)


def freeze(net: Network, recipe: Recipe) -> list[paddle.nn.Layer]:
    """Excludes the recipe's frozen layers from training, and returns them."""
    layers = dict(net.named_sublayers())
    frozen = [layers[path] for path in frozen_layers(net.plan, recipe.freeze)]
    for layer in frozen:
        for weight in layer.parameters():
            weight.stop_gradient = True
    return frozen


def set_values(weights: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    """Sets the weights that are named in `values`."""
    for name, value in values.items():
        weights[name].set_value(value)


def top1(logits: Tensor, labels: Tensor) -> float:
    """The top-1 accuracy on the batch."""
    return (logits.argmax(1) == labels).astype("float64").mean().item()


def set_dropout(net: Network, step: Step) -> None:
    """Sets each dropout layer's key in this step, and the index of this process's first image."""
    for path, layer in net.named_sublayers():
        if isinstance(layer, Dropout):
            layer.key, layer.first = step.dropout_key(path), step.first
