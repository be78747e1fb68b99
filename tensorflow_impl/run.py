"""One forward pass, or one gradient, of a planned network: arrays in, arrays out."""

import math
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.files.layouts import TENSORFLOW, layer_name
from common.plan import Plan
from tensorflow_impl.build import build
from tensorflow_impl.fast import fast
from tensorflow_impl.weights import set_arrays, variables

VERSION = f"{tf.__version__}, keras {keras.__version__}"


def choose_device(wanted: str) -> None:
    """Has what follows computed on the CPU or a GPU; `auto` means a GPU where there is one."""
    if wanted == "cuda" and not tf.config.list_physical_devices("GPU"):
        raise UsageError("tensorflow: no CUDA device here; give --device cpu")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> keras.Model:
    """The network with these weights, computing in `dtype`; in bfloat16 by Keras' mixed policy."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if dtype == "bfloat16" else dtype)
    try:
        net = build(plan)
    finally:
        keras.config.set_dtype_policy(policy)
    set_arrays(net, arrays)
    return net


def run(net: keras.Model, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The result, the heads' outputs and those of the layers at `paths`, in evaluation mode.

    `x` is N x C x H x W, and so are the maps that come out.
    """
    wanted = {path: endpoint(net, path) for path in paths} | outputs(net)
    found = keras.Model(net.inputs, wanted)(tensor(net, x), training=False)
    return {name: channels_first(widened(value).numpy()) for name, value in found.items()}


def grad(net: keras.Model, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient by every parameter, in the weights file's layout."""
    smoothing = net.plan.network.label_smoothing
    with tf.GradientTape() as tape:
        found = keras.Model(net.inputs, outputs(net))(tensor(net, x), training=True)
        loss = training_loss(net.plan, found, labels, smoothing)
    learned = {name: v.value for name, v in variables(net).items() if v.trainable}
    found = tape.gradient(loss, learned)
    gradients = {name: gradient.numpy() for name, gradient in found.items()}
    return {"loss": loss.numpy()} | TENSORFLOW.inward(net.plan, gradients)


def training_loss(
    plan: Plan, found: Mapping[str, tf.Tensor], labels: tf.Tensor, smoothing: float
) -> tf.Tensor:
    """The mean cross entropy of the result, and of each head times its weight."""
    found = {name: widened(value) for name, value in found.items()}
    dtype = found["logits"].dtype.name
    spread = keras.ops.one_hot(labels, plan.network.classes, dtype=dtype)
    cross_entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, dtype=dtype
    )
    return sum(
        weight * cross_entropy(spread, found[name]) for name, weight in plan.loss_weights().items()
    )


def classifier(net: keras.Model) -> Callable[[NDArray], NDArray]:
    """What turns batches into results in evaluation mode, as fast as Keras can."""
    quick = fast(net)
    return lambda x: widened(quick(tensor(net, x))).numpy()


def count_parameters(net: keras.Model) -> int:
    """How many parameters the framework itself would learn."""
    return sum(math.prod(variable.shape) for variable in net.trainable_variables)


def tensor(net: keras.Model, x: NDArray) -> tf.Tensor:
    """A batch as the network takes it, channels last."""
    return tf.constant(x.transpose(0, 2, 3, 1), net.dtype)


def widened(value: tf.Tensor) -> tf.Tensor:
    """bfloat16 as float32, which NumPy knows; others as they are."""
    return tf.cast(value, tf.float32) if value.dtype == tf.bfloat16 else value


def channels_first(value: NDArray) -> NDArray:
    """Maps N x C x H x W; other arrays as they are."""
    return value.transpose(0, 3, 1, 2) if value.ndim == 4 else value


def outputs(net: keras.Model) -> dict[str, keras.KerasTensor]:
    """The result and the heads' outputs under their names."""
    return net.output if isinstance(net.output, dict) else {net.plan.network.output: net.output}


def endpoint(net: keras.Model, path: str) -> keras.KerasTensor:
    """The output of the layer at `path`."""
    return net.get_layer(layer_name(net.plan.find(path).source.path)).output
