"""Forward passes and gradients of a network, with NumPy arrays in and out."""

import math
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.files.framework_axes import TENSORFLOW, layer_name
from common.spec.plan import Plan
from tensorflow_impl.build import build
from tensorflow_impl.fast import fast
from tensorflow_impl.weights import set_arrays, variables

VERSION = f"{tf.__version__}, keras {keras.__version__}"


def choose_device(wanted: str) -> None:
    """Checks that the device is available; TensorFlow itself uses a GPU if it sees one.

    Raises UsageError if `cuda` is wanted and not available.
    """
    if wanted == "cuda" and not tf.config.list_physical_devices("GPU"):
        raise UsageError("tensorflow: no CUDA device found; use --device cpu")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> keras.Model:
    """The network with these weights, computing in `dtype`; bfloat16 uses Keras' mixed policy."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if dtype == "bfloat16" else dtype)
    try:
        net = build(plan)
    finally:
        keras.config.set_dtype_policy(policy)
    set_arrays(net, arrays)
    return net


def forward_pass(net: keras.Model, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The outputs of the network, its heads and the layers at `paths`, in evaluation mode.

    `x` and the returned feature maps are N x C x H x W.
    """
    wanted = {path: endpoint(net, path) for path in paths} | named_outputs(net)
    outputs = keras.Model(net.inputs, wanted)(tensor(net, x), training=False)
    return {name: channels_first(widened(value).numpy()) for name, value in outputs.items()}


def grad(net: keras.Model, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient with respect to each parameter.

    The gradients have the names and layout of the weights file; the loss is called `loss`.
    """
    smoothing = net.plan.spec.label_smoothing
    with tf.GradientTape() as tape:
        outputs = keras.Model(net.inputs, named_outputs(net))(tensor(net, x), training=True)
        loss = training_loss(net.plan, outputs, labels, smoothing)
    learned = {name: v.value for name, v in variables(net).items() if v.trainable}
    found = tape.gradient(loss, learned)
    gradients = {name: gradient.numpy() for name, gradient in found.items()}
    return {"loss": loss.numpy()} | TENSORFLOW.from_layout(net.plan, gradients)


def training_loss(
    plan: Plan,
    outputs: Mapping[str, tf.Tensor],
    labels: tf.Tensor,
    smoothing: float,
    image_weights: tf.Tensor | None = None,
) -> tf.Tensor:
    """The mean cross entropy of the logits, plus that of each head times the head's weight.

    `image_weights`, if given, has a factor for each image's loss.
    """
    outputs = {name: widened(value) for name, value in outputs.items()}
    dtype = outputs["logits"].dtype.name
    # Keras smooths labels only as vectors with one value per class.
    targets = keras.ops.one_hot(labels, plan.spec.classes, dtype=dtype)
    cross_entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, dtype=dtype
    )
    return sum(
        weight * cross_entropy(targets, outputs[name], image_weights)
        for name, weight in plan.loss_weights().items()
    )


def inference_function(net: keras.Model) -> Callable[[NDArray], NDArray]:
    """The function of `fast`, with NumPy arrays in and out."""
    quick = fast(net)
    return lambda x: widened(quick(tensor(net, x))).numpy()


def count_parameters(net: keras.Model) -> int:
    """The number of trainable parameters, as the framework counts them."""
    return sum(math.prod(variable.shape) for variable in net.trainable_variables)


def tensor(net: keras.Model, x: NDArray) -> tf.Tensor:
    """A batch as a tensor with the network's dtype and channels last."""
    return tf.constant(x.transpose(0, 2, 3, 1), net.dtype)


def widened(value: tf.Tensor) -> tf.Tensor:
    """Converts bfloat16 to float32, which NumPy supports; leaves other dtypes unchanged."""
    return tf.cast(value, tf.float32) if value.dtype == tf.bfloat16 else value


def channels_first(value: NDArray) -> NDArray:
    """Transposes feature maps to N x C x H x W; leaves other arrays unchanged."""
    return value.transpose(0, 3, 1, 2) if value.ndim == 4 else value


def named_outputs(net: keras.Model) -> dict[str, keras.KerasTensor]:
    """The outputs of the network and its heads, by name."""
    return net.output if isinstance(net.output, dict) else {net.plan.spec.output: net.output}


def endpoint(net: keras.Model, path: str) -> keras.KerasTensor:
    """The output of the layer at `path`."""
    return net.get_layer(layer_name(net.plan.find(path).source.path)).output
