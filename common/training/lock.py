"""The lock of a run's folder: one command at a time trains in it.

It is the operating system's (`flock`), so it ends with the processes that hold it, however they
end. The worker that writes into the folder holds it, too: where only the command is killed, nobody
else trains in the folder until its worker has ended. Windows has neither `flock` nor
the process groups that workers need.
"""

import fcntl
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.errors import DataError, UsageError

PATIENCE_SECONDS = 30.0


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Holds the lock of a folder, which is made; gives its file descriptor, for the workers.

    Raises UsageError, which names the holder, where another process has it. Where no run was begun,
    no folder is left.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = take(folder / "lock")
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror or error})") from None
    try:
        yield descriptor
    finally:
        (folder / "lock").unlink(missing_ok=True)
        os.close(descriptor)
        for each in made:
            with suppress(OSError):  # not empty: a run was begun
                each.rmdir()


def take(path: Path) -> int:
    """The descriptor of the lock file, once it is this process's.

    Workers of a killed command need a moment to end: they are waited for.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        free = is_free(descriptor, path)
        if free and is_in_place(descriptor, path):
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {platform.node()}".encode(), 0)
            return descriptor
        holder = os.pread(descriptor, 300, 0).decode(errors="replace")
        os.close(descriptor)
        if free:  # its holder has just removed it
            continue
        if may_run(holder) or time.monotonic() > end:
            raise UsageError(
                f"{path.parent}: {holder or 'another process'} trains in this folder; wait until "
                "it has ended, or give another --out"
            )
        time.sleep(0.2)


def is_free(descriptor: int, path: Path) -> bool:
    """Locks an open file; False where another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # as on some network file systems
        print(
            f"{path}: not locked ({error.strerror}); run one command at a time in it",
            file=sys.stderr,
        )
    return True


def is_in_place(descriptor: int, path: Path) -> bool:
    """Whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def may_run(holder: str) -> bool:
    """Whether the process that a lock file names may still run: on other machines it may."""
    words = holder.split()
    if len(words) != 4 or words[3] != platform.node() or not words[1].isdigit():
        return True
    try:
        os.kill(int(words[1]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
