"""TensorFlow's own weights files: checkpoints, and the places in Keras' .weights.h5."""

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
from common.files.hdf5 import places_in
from common.plan import Plan
from tensorflow_impl.build import build

APPLICATIONS = {
    "inception_v3.keras": keras.applications.InceptionV3,
    "inception_resnet_v2.keras": keras.applications.InceptionResNetV2,
    "xception": keras.applications.Xception,
}


def read(path: Path) -> dict[str, NDArray]:
    """The variables in a checkpoint, by name, without running any graph."""
    try:
        checkpoint = tf.train.load_checkpoint(str(path))
        shapes = checkpoint.get_variable_to_shape_map()
        kinds = checkpoint.get_variable_to_dtype_map()
        names = [name for name, kind in kinds.items() if kind.is_floating or kind.is_integer]
        budget = Budget(size_of(path))
        budget.take_arrays(len(names))
        for name in names:  # before any is read: a part of one may be all that there is
            budget.take_bytes(prod(shapes[check_name(name)]) * kinds[name].size)
        return {name: checkpoint.get_tensor(name) for name in names}
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        first = str(error).splitlines()[0]
        raise DataError(f"{path}: not a sound TensorFlow checkpoint ({first})") from None


def size_of(path: Path) -> int:
    """The bytes of a checkpoint's files: one, or an index and its data."""
    parts = [path, *path.parent.glob(f"{glob.escape(path.name)}.*")]
    return sum(part.stat().st_size for part in parts if part.is_file())


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
    return saved_places(build(plan))


def published_places(plan: Plan) -> dict[str, str]:
    """Where it puts each array of the model in keras.applications that the network is."""
    keras.backend.clear_session()
    return saved_places(APPLICATIONS[plan.network.name](weights=None, classes=1))


def saved_places(net: keras.Model) -> dict[str, str]:
    """The place of each array in the file that Keras writes for a network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.weights.h5")
        net.save_weights(path)
        return places_in(path)
