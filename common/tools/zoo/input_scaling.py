"""The layers in front of a network in a user's file that scale the images.

They are not a part of the network here. Their values are compared with the named preprocessings, so
that the images are scaled in the same way; what equals none of them is reported.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.spec.preprocess import PREPROCESSES

MODELS = {"Functional", "Model", "Sequential"}
ARITHMETIC = {"TrueDivide", "Divide", "Multiply", "Subtract", "Add"}
RESIZING = {"Resizing", "CenterCrop"}
# The types that a network begins with.
NETWORK_LAYERS = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "ZeroPadding2D"}
NETWORK_LAYERS |= {"BatchNormalization", "MaxPooling2D", "Flatten", "Dense"}
MAX_LAYERS = 40  # that are examined


@dataclass(frozen=True, kw_only=True)
class InputScaling:
    """The layers in front that scale the images, and what they compute from bytes 0 to 255.

    The values are `scale` x byte + `offset` for the three channels; both are None if unknown.
    """

    names: tuple[str, ...]
    scale: NDArray | None
    offset: NDArray | None

    @property
    def preprocess(self) -> str:
        """The preprocessing that gives these values, with the image resized as a whole if any."""
        if self.scale is None or self.offset is None:
            return ""
        fitting = [
            each
            for each in PREPROCESSES.values()
            if each.order == "RGB"
            and np.allclose(self.scale, 1 / (255 * np.array(each.deviation)), rtol=1e-3)
            and np.allclose(self.offset, -np.array(each.mean) / each.deviation, atol=2e-3)
        ]
        return min(fitting, key=lambda each: each.fit != "squeeze").name if fitting else ""

    @property
    def note(self) -> str:
        """A report on what is done about these layers."""
        names = ", ".join(self.names)
        if self.preprocess:
            return f"input scaling {names} recorded as preprocessing {self.preprocess}"
        return f"input scaling {names} ignored: it matches no known preprocessing"


def scaling_of_buffers(arrays: Mapping[str, NDArray]) -> InputScaling | None:
    """The scaling that the arrays beside a PyTorch network show: a mean and a standard deviation.

    They are for images from 0 to 1, unless the mean is larger.
    """
    by_name = {name.rpartition(".")[2].strip("_"): name for name in arrays}
    mean, deviation = by_name.get("mean"), by_name.get("std")
    if not mean or not deviation or {arrays[mean].size, arrays[deviation].size} - {1, 3}:
        return None
    less, by = (np.resize(arrays[name].astype(float), 3) for name in (mean, deviation))
    unit = 255.0 if np.abs(less).max() <= 1 else 1.0
    return InputScaling(names=(mean, deviation), scale=1 / (unit * by), offset=-less / by)


def scaling_of_keras(model: Any, arrays: Arrays) -> InputScaling | None:
    """The layers in front of a model that Keras describes in JSON; None without such layers.

    Layers that do nothing in evaluation do not count; the values of unknown layers are unknown.
    """
    names: list[str] = []
    scale, offset = np.ones(3), np.zeros(3)
    known = True
    for layer in before_network(model):
        kind = layer["class_name"]
        if kind == "InputLayer" or kind.startswith("Random"):
            continue
        names.append(config_name(layer))
        change = affine(layer, arrays)
        if change:
            scale, offset = scale * change[0], offset * change[0] + change[1]
        else:
            known = known and kind in RESIZING
    if not names:
        return None
    return InputScaling(
        names=tuple(names), scale=scale if known else None, offset=offset if known else None
    )


def config_name(layer: dict) -> str:
    """A layer's own name."""
    return str(layer["config"].get("name", layer["class_name"]))[:100]


def input_of_keras(model: Any) -> tuple[int, int, int] | None:
    """The network's input as C x H x W, if it is fixed; Keras has channels last.

    It is the last size before the network: that of an input layer, or to which images are resized.
    """
    shape = None
    for layer in before_network(model, with_first=True):
        config = layer["config"]
        match config.get("batch_shape") or config.get("batch_input_shape"):
            case [_, int(rows), int(columns), int(channels)]:
                shape = channels, rows, columns
        match config.get("height"), config.get("width"):
            case (int(rows), int(columns)) if shape and layer["class_name"] in RESIZING:
                shape = shape[0], rows, columns
    return shape


def before_network(model: Any, with_first: bool = False) -> Iterator[dict]:
    """Yields the layers before the network's first one, and that as well if `with_first`."""
    for layer in islice(flat_layers(model), MAX_LAYERS):
        is_own = str(layer.get("registered_name")).startswith("tensorflow_impl")
        first = is_own or layer["class_name"] in NETWORK_LAYERS
        if with_first or not first:
            yield layer
        if first:
            return


def flat_layers(model: Any, depth: int = 5) -> Iterator[dict]:
    """The layers of a model and of the models in it, in their order."""
    config = model.get("config") if isinstance(model, dict) else None
    listed = config.get("layers") if isinstance(config, dict) else None
    for layer in listed if isinstance(listed, list) else []:
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            continue
        if layer.get("class_name") in MODELS and depth:
            yield from flat_layers(layer, depth - 1)
        else:
            yield layer | {"class_name": str(layer.get("class_name"))}


def affine(layer: dict, arrays: Arrays) -> tuple[NDArray, NDArray] | None:
    """The scale and the offset of a layer; None if it has none, or they are unknown."""
    config, kind = layer["config"], layer["class_name"]
    if kind == "Rescaling":
        scale, offset = three(config.get("scale")), three(config.get("offset", 0))
        return None if scale is None or offset is None else (scale, offset)
    if kind == "Normalization":
        return normalization(config, arrays)
    if kind in ARITHMETIC:
        return arithmetic(kind, layer.get("inbound_nodes"))
    return None


def normalization(config: dict, arrays: Arrays) -> tuple[NDArray, NDArray] | None:
    """The scale and the offset of a Normalization, whose numbers are given or were learned."""
    mean, variance = config.get("mean"), config.get("variance")
    if mean is None:
        mean, variance = (arrays.get(f"{config.get('name')}/{place}") for place in (0, 1))
    mean, variance = three(mean), three(variance)
    if mean is None or variance is None or config.get("invert") or (variance <= 0).any():
        return None
    return 1 / np.sqrt(variance), -mean / np.sqrt(variance)


def arithmetic(kind: str, nodes: Any) -> tuple[NDArray, NDArray] | None:
    """The scale and the offset of an operation with one or three numbers, as in `x / 127.5`."""
    match nodes:
        case [{"args": [dict(), {"config": {"value": list(numbers)}}]}]:
            value = three(numbers)
        case [{"args": [dict(), int(number) | float(number)]}]:
            value = three(number)
        case _:
            value = None
    if value is None or (kind in ("TrueDivide", "Divide", "Multiply") and not value.all()):
        return None
    one, zero = np.ones(3), np.zeros(3)
    match kind:
        case "TrueDivide" | "Divide":
            return 1 / value, zero
        case "Multiply":
            return value, zero
    return one, value if kind == "Add" else -value


def three(value: Any) -> NDArray | None:
    """One or three numbers as three; None for anything else."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = np.array(value, float).ravel() if flat_numbers(value) else None
    elif isinstance(value, int | float):
        value = np.array([float(value)])
    if not isinstance(value, np.ndarray) or value.size not in (1, 3):
        return None
    numbers = np.resize(value.astype(float), 3)
    return numbers if np.isfinite(numbers).all() else None


def flat_numbers(value: Sequence) -> bool:
    """Whether a list, or the only list in nested ones, holds one or three numbers."""
    for _ in range(5):
        if len(value) == 1 and isinstance(value[0], list):
            value = value[0]
    return len(value) in (1, 3) and all(type(each) in (int, float) for each in value)
