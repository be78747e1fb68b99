"""The lock of a run's folder: one command at a time trains in it.

It is the operating system's lock (`flock`), so it is released when the processes that hold it end,
however they end. The worker that writes to the folder also holds it: if only the command is killed,
no other command can train in the folder until the worker has ended. Windows has neither `flock` nor
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
    """Creates a folder and holds its lock; yields the lock's file descriptor, for the workers.

    Raises UsageError, which names the holder, if another process holds the lock. If no run was
    begun, the created folders are removed.
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
    """The descriptor of the lock file, once this process holds the lock.

    Waits for the workers of a killed command, which need a moment to end.
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
    """Locks an open file; returns False if another process holds the lock."""
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
    """Whether an open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def may_run(holder: str) -> bool:
    """Whether the process named in a lock file may still be running; true for other machines."""
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
