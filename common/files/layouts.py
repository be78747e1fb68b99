"""How each framework names a network's arrays and lays out their axes, beside the weights file's.

The one place that knows it: the frameworks' `weights.py` and the readers of checkpoints ask here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.plan import Node, Plan
from common.spec import Shape

# How an array of each rank lies there, as axes of ours: convolution, linear, batch norm and bias.
Axes = Mapping[int, tuple[int, ...]]
PYTORCH_AXES: Axes = {4: (0, 1, 2, 3), 2: (0, 1), 1: (0,)}
KERAS_AXES: Axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
PADDLE_AXES: Axes = {4: (0, 1, 2, 3), 2: (1, 0), 1: (0,)}


@dataclass(frozen=True, eq=False)
class Layout:
    """One party's naming: what it calls each array of a plan, and how the array's axes lie.

    An array that `names` leaves out has no place in that party's networks.
    """

    name: str
    axes: Axes
    names: Callable[[Plan], dict[str, str]]

    def outward(self, plan: Plan, arrays: Mapping[str, NDArray]) -> Arrays:
        """Arrays of ours under their names, as they lie there."""
        names, groups = self.names(plan), plan.groups()
        return {names[ours]: self.turn_outward(a, groups.get(ours)) for ours, a in arrays.items()}

    def inward(self, plan: Plan, arrays: Mapping[str, NDArray]) -> Arrays:
        """Every array of the plan that is among theirs, under our name, as it lies here."""
        names, groups, shapes = self.names(plan), plan.groups(), plan.arrays()
        return {
            ours: self.turn_inward(arrays[theirs], shapes[ours], groups.get(ours))
            for ours, theirs in names.items()
            if theirs in arrays
        }

    def whole(self, plan: Plan, arrays: Mapping[str, NDArray], advice: str) -> Arrays:
        """The same of all arrays of a network; raises UsageError, with the advice, unless they are
        those of the plan."""
        name, names = plan.network.name, self.names(plan).values()
        if missing := [each for each in names if each not in arrays]:
            raise UsageError(f"{name} has no array {missing[0]} any more; {advice}")
        if unknown := [each for each in arrays if each not in names]:
            raise UsageError(f"{name} was built without an array {unknown[0]}; {advice}")
        ours = self.inward(plan, arrays)
        for path, shape in plan.arrays().items():
            if ours[path].shape != shape:
                raise UsageError(
                    f"{name} was built with {path} of {shape}, and not {ours[path].shape}; {advice}"
                )
        return ours

    def turn_outward(self, array: NDArray, groups: int | None) -> NDArray:
        """An array of ours as it lies there; Keras' depthwise kernels are (h, w, in, each)."""
        axes = self.axes[array.ndim]
        if groups and axes == KERAS_AXES[4]:
            array = array.reshape(groups, -1, *array.shape[2:]).transpose(1, 0, 2, 3)
        array = array.reshape(*array.shape, *(1,) * (len(axes) - array.ndim))
        return np.ascontiguousarray(array.transpose(axes))

    def turn_inward(self, array: NDArray, shape: Shape, groups: int | None) -> NDArray:
        """An array from there as it lies here, where it has this shape, or at least this rank.

        A matrix passes for a 1x1 kernel. An array of another shape is not copied.
        """
        if array.ndim == 2 and len(shape) == 4 and shape[2:] == (1, 1):
            return self.turn_inward(array, shape[:2], None)[:, :, None, None]
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
    """Our names are PyTorch's."""
    return {name: name for name in plan.arrays()}


def keras_names(plan: Plan) -> dict[str, str]:
    """The layer's name and the array's number in it: `conv1_conv/0`."""
    return {
        name: f"{layer_name(node.path)}/{number}"
        for node in plan.nodes()
        for number, name in enumerate(own_arrays(node))
    }


def layer_name(path: str) -> str:
    """A path as the name of a Keras layer, which may not hold dots."""
    return path.replace(".", "_")


def own_arrays(node: Node) -> list[str]:
    """The names of a node's own arrays, in Keras' order."""
    return [f"{node.path}.{name}" for name, _ in (*node.parameters, *node.statistics)]


def paddle_names(plan: Plan) -> dict[str, str]:
    """Paddle calls the running statistics otherwise."""
    return {
        name: name.replace(".running_mean", "._mean").replace(".running_var", "._variance")
        for name in plan.arrays()
    }


PYTORCH = Layout("pytorch", PYTORCH_AXES, pytorch_names)
TENSORFLOW = Layout("tensorflow", KERAS_AXES, keras_names)
PADDLE = Layout("paddle", PADDLE_AXES, paddle_names)
