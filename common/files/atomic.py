"""Files that are written completely or not at all."""

import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from common.errors import DataError
from common.files.scratch import owner_mark, remove_orphans

# The longest name, in bytes, that leaves room for a mark and an ending within 255 bytes.
LONGEST_NAME = 150


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it only once written and on the disk."""
    path = Path(os.path.realpath(path))
    temporary = path.parent / f"{hidden_name(path)}{owner_mark()}part"
    try:
        check_target(path)
        remove_leftovers(path)
        yield temporary
        put_in_place(temporary, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_csv(path: Path) -> Iterator[TextIO]:
    """A text file for CSV, renamed to `path` only once written.

    The bytes of a name that is not UTF-8 are written as they are.
    """
    with (
        atomic_file(path) as temporary,
        open(temporary, "w", newline="", errors="surrogateescape") as file,
    ):
        yield file


def check_target(path: Path) -> None:
    """Raises DataError, or an OSError, unless a file may be written to `path`."""
    if not path.name or (path.exists() and not path.is_file()):
        raise DataError(f"{path}: cannot be written: not a regular file")
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raises DataError unless the folder that contains `path` exists."""
    if not path.parent.is_dir():
        raise DataError(f"{path}: folder {path.parent} does not exist")


def hidden_name(path: Path) -> str:
    """The prefix of the names of a file's temporary files; a name that is too long is shortened."""
    name = os.fsencode(path.name)
    short = path.name if len(name) <= LONGEST_NAME else hashlib.sha256(name).hexdigest()
    return f".{short}"


def remove_leftovers(path: Path) -> None:
    """Removes the files that killed processes left beside `path` while writing it."""
    remove_orphans(path.parent, f"{glob.escape(hidden_name(path))}.*")


def put_in_place(temporary: Path, path: Path) -> None:
    """Renames a finished file once it is on the disk, with the mode of the file it replaces."""
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())
    with suppress(OSError):  # `path` may not exist, or be a link to itself
        os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
    os.replace(temporary, path)
