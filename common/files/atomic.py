"""Files that are there whole or not at all."""

import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.errors import DataError
from common.files.scratch import owner_mark, remove_orphans

# The bytes of a name behind which a mark and an ending fit, where the most are 255.
LONGEST_NAME = 150


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name only once written and on the disk."""
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


def check_target(path: Path) -> None:
    """Raises DataError, or an OSError, unless a file may be written there."""
    if not path.name or (path.exists() and not path.is_file()):
        raise DataError(f"{path}: cannot be written, since it is no ordinary file")
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raises DataError unless the folder is there that a file is to be written in."""
    if not path.parent.is_dir():
        raise DataError(f"{path}: there is no folder {path.parent}")


def hidden_name(path: Path) -> str:
    """How the names begin of a file's temporary files; a name too long for that is shortened."""
    name = os.fsencode(path.name)
    short = path.name if len(name) <= LONGEST_NAME else hashlib.sha256(name).hexdigest()
    return f".{short}"


def remove_leftovers(path: Path) -> None:
    """Removes what killed processes left beside `path` when they were writing it."""
    remove_orphans(path.parent, f"{glob.escape(hidden_name(path))}.*")


def put_in_place(made: Path, path: Path) -> None:
    """Gives a finished file its name, once it is on the disk, and the mode of what it replaces."""
    with open(made, "rb+") as file:
        os.fsync(file.fileno())
    with suppress(OSError):  # there may be none, or a link to itself
        os.chmod(made, stat.S_IMODE(path.stat().st_mode))
    os.replace(made, path)
