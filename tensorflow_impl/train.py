"""Training in Keras: a single step, and the training loop."""

from collections.abc import Sequence

import keras
import tensorflow as tf
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.framework_axes import TENSORFLOW, layer_name
from common.training.evaluation import evaluate
from common.training.freeze import frozen_layers
from common.training.recipe import AdamW, Recipe
from common.training.state import join_slots, split_slots
from common.training.training_run import Step, TrainingRun
from common.training.update_rules import is_decayed
from tensorflow_impl.custom_layers import Dropout
from tensorflow_impl.distributed import Group
from tensorflow_impl.optimizers import get_slots, learned, make_optimizer
from tensorflow_impl.run import named_outputs, tensor, training_loss, widened
from tensorflow_impl.weights import get_arrays, set_arrays


def train(net: keras.Model, run: TrainingRun, group: Group) -> None:
    """Trains the network with the run's recipe, starting from the run's current step."""
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

    def __init__(self, net: keras.Model, recipe: Recipe, group: Group) -> None:
        self.net, self.recipe, self.group = net, recipe, group
        freeze(net, recipe)
        self.forward = keras.Model(net.inputs, named_outputs(net))
        self.optimizer = make_optimizer(net, recipe)
        self.dropouts = [layer for layer in net.layers if isinstance(layer, Dropout)]
        weights = net.trainable_variables if recipe.average else ()
        self.averages = [tf.Variable(weight.value, trainable=False) for weight in weights]
        # No `if` or loop depends on a tensor; without AutoGraph, tracing takes a third less time.
        self.compiled_step = tf.function(self.compute_step, autograph=False)
        self.compiled_logits = tf.function(self.compute_logits, autograph=False)

    def take_step(self, step: Step) -> tuple[float, float]:
        """Takes a training step; returns the loss before the update, and the top-1 of the batch."""
        self.optimizer.learning_rate = step.rate
        keys = [step.dropout_key(layer.place) for layer in self.dropouts]
        numbers = tf.constant([step.first, *keys], tf.int64)
        x, weights = tensor(self.net, step.x), step.image_weights
        loss, accuracy = self.compiled_step(x, step.labels, numbers, weights)
        return float(loss), float(accuracy)

    def compute_step(
        self, x: tf.Tensor, labels: tf.Tensor, numbers: tf.Tensor, image_weights: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The part of `take_step` that is compiled to a graph.

        `numbers` has the index of the first image, then the key of each dropout layer.
        """
        recipe, weights = self.recipe, self.net.trainable_variables
        set_dropout(self.dropouts, numbers[0], tf.unstack(numbers[1:], len(self.dropouts)))
        with tf.GradientTape() as tape:
            outputs = self.forward(x, training=True)
            smoothing = recipe.label_smoothing
            loss = training_loss(self.net.plan, outputs, labels, smoothing, image_weights)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        gradients = self.group.average(gradients)
        # Tensors of this graph must not stay in the layers.
        set_dropout(self.dropouts, 0, [None] * len(self.dropouts))
        if recipe.clip:
            gradients, _ = tf.clip_by_global_norm(gradients, tf.constant(recipe.clip, x.dtype))
        if not isinstance(recipe.optimizer, AdamW):
            gradients = decayed(gradients, weights, recipe.weight_decay)
        self.optimizer.apply(gradients, weights)
        for average, weight in zip(self.averages, weights, strict=False):  # there may be none
            average.assign_add((weight - average) * (1 - recipe.average))
        return loss, top1(outputs["logits"], labels)

    def predict(self, x: NDArray) -> NDArray:
        """The logits of a batch, computed with the averaged weights if there are any."""
        return widened(self.compiled_logits(tensor(self.net, x))).numpy()

    def compute_logits(self, x: tf.Tensor) -> tf.Tensor:
        """The part of `predict` that is compiled to a graph."""
        weights = self.averages or self.net.trainable_variables
        logits, _ = self.net.stateless_call(weights, self.net.non_trainable_variables, x)
        return logits

    def slots(self) -> dict[str, dict[str, keras.Variable]]:
        """The optimizer's state and the averaged weights, by slot and parameter."""
        averages = dict(zip(learned(self.net), self.averages, strict=False))
        return get_slots(self.net, self.optimizer) | {"average": averages}

    def get_state(self) -> Arrays:
        """The state needed to resume a run: weights, running statistics, slots and averages."""
        slots = {
            slot: TENSORFLOW.from_layout(self.net.plan, {n: v.numpy() for n, v in held.items()})
            for slot, held in self.slots().items()
        }
        return join_slots({"weights": get_arrays(self.net)} | slots)

    def set_state(self, state: Arrays, steps: int) -> None:
        """Restores a state from `get_state`, saved after `steps` steps."""
        slots = split_slots(state)
        set_arrays(self.net, slots["weights"])
        for slot, held in self.slots().items():
            found = TENSORFLOW.to_layout(self.net.plan, slots.get(slot, {}))
            for name, array in found.items():
                held[name].assign(array)
        self.optimizer.iterations.assign(steps)


def freeze(net: keras.Model, recipe: Recipe) -> None:
    """Excludes the recipe's frozen layers from training; their batch norm then evaluates."""
    for path in frozen_layers(net.plan, recipe.freeze):
        net.get_layer(layer_name(path)).trainable = False


def top1(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The top-1 accuracy on the batch."""
    best = tf.argmax(logits, axis=1, output_type=labels.dtype)
    return tf.reduce_mean(tf.cast(best == labels, tf.float64))


def set_dropout(layers: Sequence[Dropout], first: tf.Tensor | int, keys: Sequence) -> None:
    """Sets each dropout layer's key in this step, and the index of this process's first image."""
    for layer, key in zip(layers, keys, strict=True):
        layer.key, layer.first = key, first


def decayed(gradients: list[tf.Tensor], weights: list, decay: float) -> list[tf.Tensor]:
    """The gradients, plus `decay` times the weight for weights with weight decay."""
    return [
        gradient + tf.constant(decay, gradient.dtype) * weight
        if is_decayed(weight.shape)
        else gradient
        for gradient, weight in zip(gradients, weights, strict=True)
    ]
