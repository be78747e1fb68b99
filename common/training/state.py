"""The state of a training, as arrays by `slot/parameter` in the weights file's layout.

`weights` holds parameters and statistics, `average` the moving averages, and every other slot what
the optimizer remembers; so a run can go on in another framework, too.
"""

from collections.abc import Mapping

import numpy as np

from common.arrays import Arrays


def join_slots(slots: Mapping[str, Arrays]) -> Arrays:
    """Copies of all arrays under `slot/parameter`; training changes what it was given them from."""
    return {
        f"{slot}/{name}": np.array(array)
        for slot, arrays in slots.items()
        for name, array in arrays.items()
    }


def split_slots(state: Arrays) -> dict[str, Arrays]:
    """The arrays by slot and parameter."""
    slots: dict[str, Arrays] = {}
    for key, array in state.items():
        slot, _, name = key.partition("/")
        slots.setdefault(slot, {})[name] = array
    return slots


def result_of(state: Arrays) -> Arrays:
    """The weights that a training ends with: the averages where there are any."""
    slots = split_slots(state)
    return slots["weights"] | slots.get("average", {})
