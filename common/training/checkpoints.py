"""Checkpoints: what a run needs to go on, numbered by steps, and the weights that it has so far.

A state is one safetensors file, its arrays in full precision and its few numbers in the metadata.
The two newest are kept, so that one damaged file does not cost the run.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import DataError
from common.files import safetensors_file
from common.files.atomic import atomic_file

KEPT = 2


def state_path(folder: Path, step: int) -> Path:
    """Where the state after so many steps is."""
    return folder / f"state-{step:08}.safetensors"


def write_state(folder: Path, step: int, state: Mapping[str, NDArray], about: Mapping) -> None:
    """Writes a state, whole or not at all, and removes those that are no longer needed."""
    with atomic_file(state_path(folder, step)) as temporary:
        temporary.write_bytes(safetensors_file.pack(state, {**about, "step": step}))
    for old in list_states(folder)[KEPT:]:
        old.unlink(missing_ok=True)


def list_states(folder: Path) -> list[Path]:
    """The states in a folder, the newest first."""
    return sorted(
        (p for p in folder.glob("state-*.safetensors") if re.fullmatch(r"state-\d{8}", p.stem)),
        reverse=True,
    )


def read_newest(folder: Path) -> tuple[Arrays, dict, list[str]]:
    """The newest complete state, what it says of itself, and why newer ones were passed over.

    Raises DataError where there is none.
    """
    passed_over = []
    for path in list_states(folder):
        try:
            contents = safetensors_file.read(path)
            if "step" not in contents.about:
                raise DataError(f"{path}: the file does not say which step it is of")
        except DataError as error:
            passed_over.append(str(error))
            continue
        return contents.groups[""], contents.about, passed_over
    reason = f" ({passed_over[0]})" if passed_over else ""
    raise DataError(f"{folder}: no complete checkpoint to go on from{reason}")
