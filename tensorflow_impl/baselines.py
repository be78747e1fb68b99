"""Baselines for benchmarks: other implementations of the same networks, with the same weights."""

from functools import reduce
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from common.files import weights
from common.files.framework_axes import TENSORFLOW
from common.spec.plan import Plan
from tensorflow_impl.files import APPLICATIONS
from tensorflow_impl.googlenet import GoogLeNet


class Tutorial:
    """The hand-written GoogLeNet, run and trained as in tutorials, but without dropout.

    Evaluation does not use the heads, so their weights may be missing if the plan has no heads.
    """

    def __init__(self, plan: Plan, file: str) -> None:
        self.net = GoogLeNet(plan.spec.classes)
        channels, *size = plan.spec.input
        self.net(np.zeros((1, *size, channels), np.float32), training=True)
        set_by_path(self.net, plan, file)
        for layer in self.net._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0
        compile_for_training(self.net, plan)

    def classify(self, x: NDArray) -> NDArray:
        """The logits of a batch N x C x H x W."""
        return self.net(x.transpose(0, 2, 3, 1), training=False).numpy()

    def take_step(self, x: NDArray, labels: NDArray) -> float:
        """Takes a training step and returns the loss before the update."""
        targets = dict.fromkeys(self.net.loss, labels)
        return first_number(self.net.train_on_batch(x.transpose(0, 2, 3, 1), targets))


class Applications:
    """The network of keras.applications, run and trained with the methods that Keras recommends."""

    def __init__(self, plan: Plan, file: str) -> None:
        make, (channels, *size) = APPLICATIONS[plan.spec.name], plan.spec.input
        classes = plan.spec.classes
        options = {"classes": classes, "classifier_activation": None, "weights": None}
        self.net = make(input_shape=(*size, channels), **options)
        self.net.load_weights(file)
        compile_for_training(self.net, plan)

    def classify(self, x: NDArray) -> NDArray:
        """The logits of a batch N x C x H x W."""
        return self.net.predict_on_batch(x.transpose(0, 2, 3, 1))

    def take_step(self, x: NDArray, labels: NDArray) -> float:
        """Takes a training step and returns the loss before the update."""
        return first_number(self.net.train_on_batch(x.transpose(0, 2, 3, 1), labels))


def set_by_path(net: GoogLeNet, plan: Plan, file: str) -> None:
    """Assigns the arrays of a weights file to the layers of the hand-written network, by path."""
    theirs = TENSORFLOW.to_layout(plan, weights.load(Path(file), plan))
    for name, their_name in TENSORFLOW.names(plan).items():
        path, _, kind = name.rpartition(".")
        layer = reduce(step_into, path.split("."), net)
        variable = layer.kernel if kind == "weight" else layer.bias
        variable.assign(theirs[their_name])


def step_into(parent: keras.layers.Layer, name: str) -> keras.layers.Layer:
    """The child for one part of a path: an attribute, or an index into a sequence of layers."""
    return parent.layers[int(name)] if name.isdigit() else getattr(parent, name)


def compile_for_training(net: keras.Model, plan: Plan) -> None:
    """Compiles the network for Keras' own training loop, with a loss for every output."""
    optimizer = keras.optimizers.SGD(1e-4, momentum=0.9, nesterov=True)
    loss_weights = plan.loss_weights() if plan.heads else None
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    losses = dict.fromkeys(loss_weights, loss) if loss_weights else loss
    net.compile(optimizer, losses, loss_weights)


def first_number(found: list | float) -> float:
    """The total loss: the only number that Keras returned, or the first of several."""
    return float(np.ravel(found)[0])


BASELINES = {"tutorial": Tutorial, "keras.applications": Applications}
