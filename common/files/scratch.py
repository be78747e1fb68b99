"""Temporary files and folders named after the process that owns them, so that none is left behind.

A process that is killed (signal 9) cannot remove its files; the next process does.
"""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = re.compile(r"\.(?P<host>[\w-]+)-(?P<process>\d+)\.")


def owner_mark(process: int | None = None) -> str:
    """The mark of the machine and process that own a temporary file (default: this process)."""
    host = re.sub(r"[^\w-]", "-", platform.node())
    return f".{host}-{process or os.getpid()}."


def is_orphan(path: Path) -> bool:
    """Whether a file is marked with a process of this machine that has ended."""
    marks = list(MARK.finditer(path.name))
    if not marks:
        return False
    process = int(marks[-1]["process"])
    if owner_mark(process) not in path.name:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def remove_orphans(folder: Path, pattern: str) -> None:
    """Removes the paths in the folder that match the pattern and whose processes have ended."""
    for path in folder.glob(pattern):
        if is_orphan(path):
            remove(path)


def remove(path: Path) -> None:
    """Removes a file or folder if it exists and may be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder, removed on exit; those of killed processes are removed first."""
    remove_orphans(Path(tempfile.gettempdir()), "googlenet.*")
    with tempfile.TemporaryDirectory(prefix=f"googlenet{owner_mark()}") as folder:
        yield Path(folder)


def remove_with_siblings(folder: Path) -> None:
    """Removes the temporary folder of a process that has ended and all others of that process."""
    if mark := MARK.search(folder.name):
        for path in folder.parent.glob(f"googlenet{mark[0]}*"):
            remove(path)
