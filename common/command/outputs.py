"""Checks that outputs can be written, before any work is done."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from common.errors import DataError, UsageError


def check_outputs(*outs: Path | None, inputs: Iterable[Path | None] = ()) -> None:
    """Raises DataError unless every requested file can be written; creates nothing.

    Raises UsageError if an output would replace an input or another output.
    """
    taken = {os.path.realpath(path): "one of the inputs" for path in inputs if path}
    for out in filter(None, outs):
        path = os.path.realpath(out)  # writing to a link writes to its target
        if reason := why_not(Path(path)):
            raise DataError(f"{out}: cannot be written: {reason}")
        if path in taken:
            raise UsageError(f"{out} is {taken[path]}; give it another name")
        taken[path] = "given for two outputs"


def why_not(path: Path) -> str:
    """The reason why the file cannot be written, or an empty string if it can."""
    folder = path.parent
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not folder.is_dir():
            return f"folder {folder} does not exist"
        return "" if may_write(folder) else f"no permission to write in {folder}"
    except OSError as error:
        return error.strerror or str(error)
    if stat.S_ISDIR(mode):
        return "it is a folder; give the name of a file"
    if not stat.S_ISREG(mode):
        return "it is not a regular file but a device, pipe or socket"
    return "" if os.access(path, os.W_OK) and may_write(folder) else "no permission to replace it"


def may_write(folder: Path) -> bool:
    """Whether files can be created in a folder."""
    return os.access(folder, os.W_OK | os.X_OK)


def check_runs_folder(folder: Path, names: Iterable[str]) -> None:
    """Raises DataError if runs cannot be created in a folder, UsageError if one already exists."""
    existing = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    if not existing.is_dir() or not may_write(existing):
        raise DataError(f"{folder}: cannot create runs here: {existing} is not a writable folder")
    for name in names:
        if (folder / name / "recipe.toml").exists():
            raise UsageError(f"{folder / name}: a run already exists; choose another --out")
