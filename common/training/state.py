"""The state of a training run: arrays named `slot/parameter`, in the layout of the weights file.

The slot `weights` has the parameters and running statistics, `average` the moving averages of the
parameters, and every other slot a part of the optimizer's state, such as `velocity`. As the layout
is that of no framework, a run can be resumed in a different one.
"""

from collections.abc import Mapping

import numpy as np

from common.arrays import Arrays


def join_slots(slots: Mapping[str, Arrays]) -> Arrays:
    """Copies of all arrays, named `slot/parameter`; copies, as training modifies the originals."""
    return {
        f"{slot}/{name}": np.array(array)
        for slot, arrays in slots.items()
        for name, array in arrays.items()
    }


def split_slots(state: Arrays) -> dict[str, Arrays]:
    """The arrays of a state by slot and parameter."""
    slots: dict[str, Arrays] = {}
    for key, array in state.items():
        slot, _, name = key.partition("/")
        slots.setdefault(slot, {})[name] = array
    return slots


def result_of(state: Arrays) -> Arrays:
    """The final weights of a training run: the moving averages if there are any."""
    slots = split_slots(state)
    return slots["weights"] | slots.get("average", {})
