"""TensorFlow's own weights files: checkpoints, and the places in Keras' .weights.h5."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from common.containers import read_hdf5
from common.errors import DataError
from common.shapes import Plan
from tensorflow_impl.applications import APPLICATIONS, published_variables
from tensorflow_impl.build import build
from tensorflow_impl.weights import variables


def read(path: Path) -> dict[str, NDArray]:
    """The variables in a checkpoint, by name, without running any graph."""
    try:
        checkpoint = tf.train.load_checkpoint(str(path))
        names = checkpoint.get_variable_to_dtype_map()
        return {
            name: checkpoint.get_tensor(name)
            for name, dtype in names.items()
            if dtype.is_floating or dtype.is_integer
        }
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        first = str(error).splitlines()[0]
        raise DataError(f"{path}: not a sound TensorFlow checkpoint ({first})") from None


def write(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes arrays as variables of a checkpoint: two files that begin with `path`."""
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(arrays),
        shape_and_slices=[""] * len(arrays),
        tensors=[tf.constant(array) for array in arrays.values()],
    )


def places(plan: Plan) -> dict[str, str]:
    """Where Keras' `save_weights` puts each array of a network of ours."""
    net = build(plan)
    return marked(net, variables(net))


def published_places(plan: Plan) -> dict[str, str]:
    """Where it puts each array of the model in keras.applications that the network is."""
    net = APPLICATIONS[plan.network.name](weights=None, classes=plan.network.classes)
    return marked(net, published_variables(net, plan))


def marked(net: keras.Model, own: Mapping[str, keras.Variable]) -> dict[str, str]:
    """The place of each variable in the file, found by marking each with its number."""
    for number, variable in enumerate(own.values()):
        variable.assign(np.full(variable.shape, number, np.float32))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "marked.weights.h5")
        net.save_weights(path)
        found = read_hdf5(path)
    numbered = {int(array.flat[0]): place for place, array in found.items()}
    return {name: numbered[number] for number, name in enumerate(own)}
