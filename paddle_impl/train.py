"""Training in Paddle: one step, and the loop around it."""

import paddle
from numpy.typing import NDArray
from paddle import Tensor

from common.arrays import Arrays
from common.files.layouts import PADDLE
from common.training.evaluation import evaluate
from common.training.recipe import Recipe
from common.training.run import Step, TrainingRun
from common.training.state import join_slots, split_slots
from paddle_impl.build import Network
from paddle_impl.optimizers import get_slots, learned, make_optimizer, set_steps
from paddle_impl.own_layers import Dropout
from paddle_impl.processes import Group
from paddle_impl.run import check_precision, tensor, training_loss
from paddle_impl.weights import get_arrays, set_arrays


def train(net: Network, run: TrainingRun, group: Group) -> None:
    """Trains the network as the run's recipe says, from where the run stands."""
    check_precision(net)
    trainer = Trainer(net, run.recipe, group)
    trainer.set_state(run.state, run.step)
    for step in run.steps():
        run.log(step, *group.mean(trainer.take(step), run.asked_to_stop))
        if step.ends_epoch:
            run.score(step, evaluate(trainer.predict, run.test_batches()))
        if run.must_save(step):
            run.save(step, trainer.get_state())


class Trainer:
    """A network in training, with its optimizer and the moving averages of its weights."""

    def __init__(self, net: Network, recipe: Recipe, group: Group) -> None:
        self.net, self.recipe = net, recipe
        self.forward = group.copies(net)
        self.optimizer = make_optimizer(net, recipe)
        weights = learned(net) if recipe.average else {}
        self.averages = {name: weight.detach().clone() for name, weight in weights.items()}

    def take(self, step: Step) -> float:
        """Takes a step; gives the loss before it."""
        net = self.net
        net.train()
        set_dropout(net, step)
        outputs = self.forward(tensor(net, step.x))
        labels = paddle.to_tensor(step.labels)
        loss = training_loss(net.plan, outputs, labels, self.recipe.label_smoothing)
        loss.backward()
        self.optimizer.set_lr(step.rate)
        self.optimizer.step()
        self.optimizer.clear_grad()
        self.update_averages()
        return loss.item()

    @paddle.no_grad()
    def update_averages(self) -> None:
        """Moves each average towards its weight."""
        weights = learned(self.net)
        for name, average in self.averages.items():
            average.lerp_(weights[name], 1 - self.recipe.average)

    @paddle.no_grad()
    def predict(self, x: NDArray) -> NDArray:
        """The logits of a batch, by the averages of the weights where there are any."""
        net, weights = self.net, learned(self.net)
        net.eval()
        own = {name: weights[name].clone() for name in self.averages}
        set_values(weights, self.averages)
        logits = net(tensor(net, x)).numpy()
        set_values(weights, own)
        return logits

    def slots(self) -> dict[str, dict[str, Tensor]]:
        """What a step changes beside the network, by slot and parameter."""
        return get_slots(self.net, self.optimizer) | {"average": self.averages}

    def get_state(self) -> Arrays:
        """All that a resumed run needs: weights, statistics, slots, averages."""
        inward = {
            slot: PADDLE.inward(self.net.plan, {n: v.numpy() for n, v in held.items()})
            for slot, held in self.slots().items()
        }
        return join_slots({"weights": get_arrays(self.net)} | inward)

    def set_state(self, state: Arrays, steps: int) -> None:
        """Goes on from there, after so many steps."""
        slots = split_slots(state)
        set_arrays(self.net, slots["weights"])
        set_steps(self.optimizer, steps)
        for slot, held in self.slots().items():
            found = PADDLE.outward(self.net.plan, slots.get(slot, {}))
            for name, array in found.items():
                held[name].set_value(array)


def set_values(weights: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    """Gives the weights that are named there those values."""
    for name, value in values.items():
        weights[name].set_value(value)


def set_dropout(net: Network, step: Step) -> None:
    """Has every dropout layer drop what this step's key says."""
    for path, layer in net.named_sublayers():
        if isinstance(layer, Dropout):
            layer.key, layer.first = step.dropout_key(path), step.first
