"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.errors import DataError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name only once written and on the disk."""
    path = Path(os.path.realpath(path))
    temporary = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        if not path.name or (path.exists() and not path.is_file()):
            raise DataError(f"{path}: cannot be written, since it is no ordinary file")
        yield temporary
        put_in_place(temporary, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def put_in_place(made: Path, path: Path) -> None:
    """Gives a finished file its name, once it is on the disk."""
    with open(made, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(made, path)
