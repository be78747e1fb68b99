"""TensorFlow's checkpoints, and the location of each array in Keras' .weights.h5 files.

There is no such file for Paddle: its files are read and written without Paddle.
"""

import glob
import tempfile
from collections.abc import Mapping
from math import prod
from pathlib import Path

import keras
import tensorflow as tf
from numpy.typing import NDArray

from common.errors import DataError
from common.files.budget import Budget, check_name
from common.files.hdf5 import locations_in
from common.spec.plan import Plan
from tensorflow_impl.build import build

APPLICATIONS = {
    "inception_v3.keras": keras.applications.InceptionV3,
    "inception_resnet_v2.keras": keras.applications.InceptionResNetV2,
    "xception": keras.applications.Xception,
}


def read(path: Path) -> dict[str, NDArray]:
    """Reads the variables of a checkpoint, by name, without running a graph."""
    try:
        checkpoint = tf.train.load_checkpoint(str(path))
        shapes = checkpoint.get_variable_to_shape_map()
        kinds = checkpoint.get_variable_to_dtype_map()
        names = [name for name, kind in kinds.items() if kind.is_floating or kind.is_integer]
        budget = Budget(size_of(path))
        budget.take_arrays(len(names))
        for name in names:  # before any is read: a file may declare more than it holds
            budget.take_bytes(prod(shapes[check_name(name)]) * kinds[name].size)
        return {name: checkpoint.get_tensor(name) for name in names}
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        first = str(error).splitlines()[0]
        raise DataError(f"{path}: not a valid TensorFlow checkpoint ({first})") from None


def size_of(path: Path) -> int:
    """The size in bytes of a checkpoint's files: a single file, or an index and its data."""
    files = [path, *path.parent.glob(f"{glob.escape(path.name)}.*")]
    return sum(file.stat().st_size for file in files if file.is_file())


def write(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes arrays as variables of a checkpoint, in two files whose names begin with `path`."""
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(arrays),
        shape_and_slices=[""] * len(arrays),
        tensors=[tf.constant(array) for array in arrays.values()],
    )


def locations(plan: Plan) -> dict[str, str]:
    """The location of each array in the file that Keras' `save_weights` writes for our network."""
    return saved_locations(build(plan))


def published_locations(plan: Plan) -> dict[str, str]:
    """The location of each array in the file written for the same network of keras.applications."""
    keras.backend.clear_session()
    return saved_locations(APPLICATIONS[plan.spec.name](weights=None, classes=1))


def saved_locations(net: keras.Model) -> dict[str, str]:
    """The location of each array, by name, in the file that Keras writes for a network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.weights.h5")
        net.save_weights(path)
        return locations_in(path)
