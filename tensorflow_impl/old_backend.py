"""Functions of Keras' earlier backend and of TensorFlow that take the tensors of functional models.

`googlenet check` runs code for earlier versions with them.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import keras
from keras import layers
from keras.src.legacy import backend


def symbolic(function: Callable) -> Callable:
    """A function of TensorFlow that also takes the tensors of a functional model."""

    @wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        flat = keras.tree.flatten((given, named))
        tensors = [each for each in flat if isinstance(each, keras.KerasTensor)]
        if not tensors:
            return function(*given, **named)

        def compute(*values: Any) -> Any:
            rest = iter(values)
            mine = [next(rest) if isinstance(each, keras.KerasTensor) else each for each in flat]
            own, more = keras.tree.pack_sequence_as((given, named), mine)
            return function(*own, **more)

        if len(tensors) == 1:
            return layers.Lambda(compute)(tensors[0])
        return layers.Lambda(lambda values: compute(*values))(tensors)

    return called


# What only reads the type and shape of a tensor also takes those of a functional model.
PLAIN = ("int_shape", "ndim", "dtype", "count_params", "variable", "constant", "get_value")
BACKEND = {
    ("keras.backend", name): function if name in PLAIN else symbolic(function)
    for name, function in vars(backend).items()
    if inspect.isfunction(function) and not name.startswith("_")
}
