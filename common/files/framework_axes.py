"""Maps the names and axes of arrays in the weights file to those of each framework.

The frameworks' `weights.py`, and the checkpoint formats in `common/tools/zoo`, use these layouts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.spec import Shape
from common.spec.plan import Node, Plan

# By the number of axes of an array (4: convolution, 2: linear, 1: bias or batch norm), the
# permutation that turns our axes into the framework's.
Axes = Mapping[int, tuple[int, ...]]
PYTORCH_AXES: Axes = {4: (0, 1, 2, 3), 2: (0, 1), 1: (0,)}
KERAS_AXES: Axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
PADDLE_AXES: Axes = {4: (0, 1, 2, 3), 2: (1, 0), 1: (0,)}


@dataclass(frozen=True, eq=False)
class Layout:
    """A framework's names for the arrays of a plan, and the order of their axes.

    An array that `names` leaves out does not exist in the framework's networks.
    """

    name: str
    axes: Axes
    names: Callable[[Plan], dict[str, str]]

    def to_layout(self, plan: Plan, arrays: Mapping[str, NDArray]) -> Arrays:
        """Our arrays under the framework's names and in its axis order."""
        names, groups = self.names(plan), plan.depthwise_channels()
        return {names[ours]: self.transpose_to(a, groups.get(ours)) for ours, a in arrays.items()}

    def from_layout(self, plan: Plan, arrays: Mapping[str, NDArray]) -> Arrays:
        """Every array of the plan that is in `arrays`, under our name and in our axis order."""
        names, groups, shapes = self.names(plan), plan.depthwise_channels(), plan.array_shapes()
        return {
            ours: self.transpose_from(arrays[theirs], shapes[ours], groups.get(ours))
            for ours, theirs in names.items()
            if theirs in arrays
        }

    def from_complete(self, plan: Plan, arrays: Mapping[str, NDArray], advice: str) -> Arrays:
        """Like `from_layout`, for all arrays of a network.

        Raises UsageError, with the advice, unless they are exactly the arrays of the plan.
        """
        name, names = plan.spec.name, self.names(plan).values()
        if missing := [each for each in names if each not in arrays]:
            raise UsageError(f"{name} has no array {missing[0]} any more; {advice}")
        if unknown := [each for each in arrays if each not in names]:
            raise UsageError(f"{name} was built without an array {unknown[0]}; {advice}")
        ours = self.from_layout(plan, arrays)
        for path, shape in plan.array_shapes().items():
            if ours[path].shape != shape:
                raise UsageError(
                    f"{name} was built with {path} of {shape}, not {ours[path].shape}; {advice}"
                )
        return ours

    def transpose_to(self, array: NDArray, groups: int | None) -> NDArray:
        """Our array in a framework's axis order.

        `groups` is the number of input channels of a depthwise convolution, whose kernel in Keras
        is rows x columns x channels x multiplier.
        """
        axes = self.axes[array.ndim]
        if groups and axes == KERAS_AXES[4]:
            array = array.reshape(groups, -1, *array.shape[2:]).transpose(1, 0, 2, 3)
        array = array.reshape(*array.shape, *(1,) * (len(axes) - array.ndim))
        return np.ascontiguousarray(array.transpose(axes))

    def transpose_from(self, array: NDArray, shape: Shape, groups: int | None) -> NDArray:
        """A framework's array in our axis order; unchanged if it has a wrong number of axes.

        A matrix is accepted as a 1x1 kernel. The caller checks the result against `shape`.
        """
        if array.ndim == 2 and len(shape) == 4 and shape[2:] == (1, 1):
            return self.transpose_from(array, shape[:2], None)[:, :, None, None]
        axes = self.axes[len(shape)]
        if array.ndim != len(axes):
            return array
        array = array.transpose(np.argsort(axes))
        if groups and axes == KERAS_AXES[4]:
            array = array.transpose(1, 0, 2, 3).reshape(-1, 1, *array.shape[2:])
        if any(size != 1 for size in array.shape[len(shape) :]):
            return array
        array = array.reshape(array.shape[: len(shape)])
        return np.ascontiguousarray(array) if array.shape == shape else array


def pytorch_names(plan: Plan) -> dict[str, str]:
    """PyTorch's names, which are ours."""
    return {name: name for name in plan.array_shapes()}


def keras_names(plan: Plan) -> dict[str, str]:
    """Keras' names: the layer's name and the array's number in it, as in `conv1_conv/0`."""
    return {
        name: f"{layer_name(node.path)}/{number}"
        for node in plan.nodes()
        for number, name in enumerate(own_arrays(node))
    }


def layer_name(path: str) -> str:
    """A path as the name of a Keras layer, which may not contain dots."""
    return path.replace(".", "_")


def own_arrays(node: Node) -> list[str]:
    """The names of a node's own arrays, in Keras' order."""
    return [f"{node.path}.{name}" for name, _ in (*node.parameters, *node.buffers)]


def paddle_names(plan: Plan) -> dict[str, str]:
    """Paddle's names, which differ from ours for the running statistics."""
    return {
        name: name.replace(".running_mean", "._mean").replace(".running_var", "._variance")
        for name in plan.array_shapes()
    }


PYTORCH = Layout("pytorch", PYTORCH_AXES, pytorch_names)
TENSORFLOW = Layout("tensorflow", KERAS_AXES, keras_names)
PADDLE = Layout("paddle", PADDLE_AXES, paddle_names)
