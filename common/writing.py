"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.errors import DataError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name only once written and on the disk."""
    path = path.resolve()
    temporary = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        if not path.name or (path.exists() and not path.is_file()):
            raise DataError(f"{path}: cannot be written, since it is no ordinary file")
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
