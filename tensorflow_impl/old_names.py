"""Keras' and TensorFlow's names of earlier years, for `googlenet check`."""

import inspect
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from common.tools.check.old_names import (
    OldNames,
    channels_last,
    is_channels_first,
    turned,
    with_axis,
)
from tensorflow_impl.old_backend import BACKEND, symbolic

# Arguments of Keras 1, and of Keras 2 where Keras 3 has dropped them; None drops one.
ARGUMENTS = {
    "subsample": "strides",
    "border_mode": "padding",
    "nb_filter": "filters",
    "pool_length": "pool_size",
    "output_dim": "units",
    "bias": "use_bias",
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "depthwise_multiplier": "depth_multiplier",
    "fused": None,
    "renorm": None,
    "mode": None,
    "dim_ordering": None,
    "weights": None,
}
KERAS_1 = re.compile(r"border_mode|subsample|nb_filter|W_regularizer|dim_ordering|output_dim=")
OLD = re.compile(r"border_mode|subsample|nb_filter|W_regularizer|dim_ordering|output_dim=|fused=|"
                 r"renorm=|Model\(input=|concat_axis")  # fmt: skip
UPPER = re.compile(r"""padding\s*=\s*["'](SAME|VALID)["']""")  # which pools refuse in Keras 3
POOLS = layers.MaxPooling2D, layers.AveragePooling2D
LAYERS = (
    layers.Conv2D, layers.SeparableConv2D, layers.DepthwiseConv2D, layers.Dense, layers.Dropout,
    layers.MaxPooling2D, layers.AveragePooling2D, layers.GlobalAveragePooling2D,
    layers.BatchNormalization, layers.ZeroPadding2D, layers.Activation, layers.Concatenate,
    layers.Flatten, keras.Model,
)  # fmt: skip
# TensorFlow's functions, which Keras 3 does not let read the tensors of a functional model.
FUNCTIONS = (
    (tf, "concat"), (tf, "add"), (tf, "add_n"), (tf, "multiply"), (tf, "reduce_mean"),
    (tf, "identity"), (tf, "squeeze"), (tf, "reshape"), (tf, "pad"), (tf, "cast"), (tf, "split"),
    (tf.nn, "relu"), (tf.nn, "relu6"), (tf.nn, "softmax"), (tf.nn, "lrn"), (tf.nn, "dropout"),
    (tf.nn, "local_response_normalization"), (tf.nn, "max_pool2d"), (tf.nn, "avg_pool2d"),
)  # fmt: skip


def adapt(source: str) -> Sequence[str]:
    """Renames the arguments of layers if a source has old ones; returns what it has."""
    for owner, name in FUNCTIONS:
        setattr(owner, name, symbolic(getattr(owner, name)))
    wrap(layers.Layer, without_slash)
    used = sorted(set(OLD.findall(source)))
    if used:
        is_first = bool(KERAS_1.search(source))
        for kind in LAYERS:
            wrap(kind, lambda given, named, is_first=is_first: renamed(given, named, is_first))
        take_old_ends()
    if is_channels_first(source):
        read_channels_last()
        used.append("maps with channels first, as channels last")
    upper = sorted(set(UPPER.findall(source)))
    for kind in POOLS:
        wrap(kind, of_pool)
    return [each.strip("=").replace("Model(", "") for each in (*used, *upper)]


def wrap(kind: type, change: Callable[[tuple, dict], tuple[tuple, dict]]) -> None:
    """Changes the arguments with which layers of a class are made."""
    init = kind.__init__  # type: ignore[misc]

    @wraps(init)
    def made(self: Any, *given: Any, **named: Any) -> None:
        given, named = change(given, named)
        init(self, *given, **named)

    made.__signature__ = inspect.signature(init)  # type: ignore[attr-defined]  # Keras reads it
    kind.__init__ = made  # type: ignore[misc]


def take_old_ends() -> None:
    """Makes functional models take `input` and `output`: Keras tells them by today's names."""
    image = keras.Input((1,))
    functional, new = type(keras.Model(image, image)), keras.Model.__new__
    keras.Model.__new__ = lambda cls, *given, **named: new(
        cls, *given, **renamed(given, named, is_first=False)[1]
    )
    wrap(functional, lambda given, named: renamed(given, named, is_first=False))


def without_slash(given: tuple, named: dict) -> tuple[tuple, dict]:
    """A layer's name without the slashes that Keras 3 refuses."""
    if isinstance(named.get("name"), str):
        named["name"] = named["name"].replace("/", "_")
    return given, named


def of_pool(given: tuple, named: dict) -> tuple[tuple, dict]:
    """Padding in lower case, and the window of 2 x 2 that a pool once had by default."""
    own = {n: e.lower() if n == "padding" and isinstance(e, str) else e for n, e in named.items()}
    return given, own if given else {"pool_size": 2, **own}


def read_channels_last() -> None:
    """Makes new layers and inputs read maps with their channels last, flattened as if first."""
    for kind in LAYERS[:-1]:  # a model has no axes
        wrap(kind, channels_last)
    for kind in (layers.BatchNormalization, layers.Concatenate):
        wrap(kind, with_axis)
    for owner in (keras.backend, keras.config):
        owner.image_data_format = lambda: "channels_first"  # for code that reads both orders
        owner.set_image_data_format = lambda _: None
    keras.backend.image_dim_ordering = lambda: "th"
    flatten, make_input = layers.Flatten.call, keras.Input

    def flat(self: Any, x: Any) -> Any:
        return flatten(self, keras.ops.transpose(x, (0, 3, 1, 2)) if len(x.shape) == 4 else x)

    def made(shape: Any = None, *given: Any, **named: Any) -> Any:
        return make_input(turned(shape), *given, **named)

    layers.Flatten.call = flat
    keras.Input = layers.Input = made


def renamed(given: tuple, named: dict, is_first: bool) -> tuple[tuple, dict]:
    """Arguments by today's names; in Keras 1, rows and columns of a kernel are two arguments."""
    if is_first and len(given) >= 3 and all(isinstance(each, int) for each in given[:3]):
        given = (given[0], given[1:3], *given[3:])
    if "nb_row" in named:
        named["kernel_size"] = named.pop("nb_row"), named.pop("nb_col", 1)
    if "p" in named:
        named["rate"] = named.pop("p")
    for one, many in (("input", "inputs"), ("output", "outputs")):
        if one in named:
            named[many] = named.pop(one)
    for old in set(named) & set(ARGUMENTS):
        value, new = named.pop(old), ARGUMENTS[old]
        if new:
            named[new] = value
    return given, named


class Merge:
    """Keras 1's `merge`, and Keras 2's module of this name."""

    def __call__(
        self, inputs: list, mode: str = "sum", concat_axis: int = -1, name: str | None = None
    ) -> Any:
        """The joined maps."""
        if mode == "concat":
            return layers.Concatenate(axis=concat_axis, name=name)(inputs)
        return {"sum": layers.Add, "max": layers.Maximum, "mul": layers.Multiply}[mode](name=name)(
            inputs
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(layers, name)


def obtain_input_shape(input_shape: Any = None, default_size: int = 299, **_: Any) -> Any:
    """`keras.applications.imagenet_utils._obtain_input_shape`."""
    return input_shape or (default_size, default_size, 3)


SUBMODULES = {
    "layers": ("core", "convolutional", "pooling", "normalization", "merge", "noise",
               "advanced_activations", "embeddings", "local"),
    "utils": ("np_utils", "data_utils", "layer_utils", "vis_utils", "generic_utils",
              "conv_utils", "multi_gpu_utils"),
}  # fmt: skip
MODULES = {
    f"{root}.{package}.{name}": f"keras.{package}"
    for root in ("keras", "tensorflow.keras", "tensorflow.python.keras")
    for package, names in SUBMODULES.items()
    for name in names
}
MODULES |= {
    f"{root}.{old}": f"keras.{new}".rstrip(".")
    for root in ("keras", "tensorflow.python.keras")
    for old, new in {
        "engine": "layers", "engine.topology": "layers", "engine.training": "models",
        "engine.input_layer": "layers", "engine.base_layer": "layers",
        "preprocessing.image": "utils", "utils.training_utils": "utils",
    }.items()
}  # fmt: skip
MODULES |= {
    f"tensorflow.python.keras{rest}": f"keras{rest}"
    for rest in ("", ".layers", ".models", ".backend", ".utils", ".regularizers", ".initializers",
                 ".applications", ".optimizers", ".callbacks", ".engine")
}  # fmt: skip
OLD_NAMES = OldNames(
    title="Keras",
    aliases={
        "keras": "keras",
        "tf": "tensorflow",
        "np": "numpy",
        "K": "keras.backend",
        **{
            name: f"keras.{name}"
            for name in (
                "layers",
                "models",
                "optimizers",
                "losses",
                "metrics",
                "regularizers",
                "initializers",
            )
        },
    },
    namespaces=("keras", "keras.layers"),
    modules=MODULES,
    names={
        ("keras.layers", "merge"): Merge(),
        ("keras.applications.imagenet_utils", "_obtain_input_shape"): obtain_input_shape,
        ("keras.applications.imagenet_utils", "obtain_input_shape"): obtain_input_shape,
        ("keras.utils", "np_utils"): keras.utils,
        **BACKEND,
        ("keras.backend", "learning_phase"): lambda: 0,
        ("keras.backend", "set_learning_phase"): lambda _: None,
        ("keras.backend", "image_dim_ordering"): lambda: "tf",
        ("keras.backend", "set_image_dim_ordering"): lambda _: None,
        ("keras.initializers", "normal"): keras.initializers.RandomNormal,
    },
    reasons={
        r"tensorflow\.contrib|tensorflow\.examples": (
            "written for TensorFlow 1 (tf.contrib), which TensorFlow 2 cannot run; write its "
            "layers with keras.layers"
        ),
        r"tf_slim|slim|tflearn|tensorlayer": (
            "written for TensorFlow 1 with its own layers (slim or tflearn), which are not "
            "installed; write its layers with keras.layers"
        ),
    },
    adapt=adapt,
)
