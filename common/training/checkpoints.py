"""Checkpoints: the states from which a run resumes, numbered by step, and its current weights.

A state is one safetensors file, with the arrays in full precision, and a few numbers and a checksum
of the arrays in the metadata. The two newest states are kept, so that a run can still be resumed if
one file is damaged.
"""

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import DataError
from common.files import safetensors_file
from common.files.atomic import atomic_file

KEPT = 2


def state_path(folder: Path, step: int) -> Path:
    """The path of the state after `step` steps."""
    return folder / f"state-{step:08}.safetensors"


def write_state(folder: Path, step: int, state: Mapping[str, NDArray], about: Mapping) -> None:
    """Writes a state atomically, and removes all but the `KEPT` newest."""
    about = {**about, "step": step, "checksum": checksum(state)}
    with atomic_file(state_path(folder, step)) as temporary:
        temporary.write_bytes(safetensors_file.pack(state, about))
    for old in list_states(folder)[KEPT:]:
        old.unlink(missing_ok=True)


def checksum(state: Mapping[str, NDArray]) -> int:
    """The CRC-32 of the names and bytes of all arrays, sorted by name."""
    total = 0
    for name in sorted(state):
        array: Any = np.ascontiguousarray(state[name])
        total = zlib.crc32(array, zlib.crc32(name.encode(), total))
    return total


def not_finite(state: Mapping[str, NDArray]) -> str:
    """The name of the first array that contains NaN or infinity; "" if none does."""
    return next((name for name, array in state.items() if not np.isfinite(array).all()), "")


def list_states(folder: Path) -> list[Path]:
    """The paths of the states in a folder, newest first."""
    return sorted(
        (p for p in folder.glob("state-*.safetensors") if re.fullmatch(r"state-\d{8}", p.stem)),
        reverse=True,
    )


def read_newest(folder: Path) -> tuple[Arrays, dict, list[str]]:
    """The newest state that is undamaged, its metadata, and why newer ones were skipped.

    Raises DataError if there is none.
    """
    passed_over = []
    for path in list_states(folder):
        try:
            state, about = read_state(path)
        except DataError as error:
            passed_over.append(str(error))
            continue
        return state, about, passed_over
    reason = f" ({passed_over[0]})" if passed_over else ""
    raise DataError(f"{folder}: no complete checkpoint to resume from{reason}")


def read_state(path: Path) -> tuple[Arrays, dict]:
    """A state and its metadata; raises DataError if the file is damaged.

    States written by earlier versions have no checksum.
    """
    contents = safetensors_file.read(path)
    state, about = contents.groups[""], contents.about
    step, best = about.get("step"), about.get("best", -1)
    if type(step) is not int or state_path(path.parent, step) != path:
        raise DataError(f"{path}: damaged: it is not the state after step {step!r}")
    if type(best) not in (int, float) or not -1 <= best <= 1:
        raise DataError(f"{path}: damaged: the best top-1 until then cannot be {best!r}")
    if about.get("checksum", actual := checksum(state)) != actual:
        raise DataError(f"{path}: damaged: the checksum of its arrays does not match")
    if name := not_finite(state):
        raise DataError(f"{path}: damaged: {name} contains NaN or infinity")
    return state, about
