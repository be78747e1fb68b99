"""The lock of a run's folder, so that only one command at a time trains in it.

It is the operating system's lock (`flock`) on a file `lock` in the folder, so it is released when
the processes that hold it end, even if they are killed. The file names the command's process. Its
workers inherit the lock: if only the command is killed, no other command can train in the folder
until they have ended. Windows has neither `flock` nor the process groups that workers need.
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
    """Creates a folder if necessary, and holds its lock; yields the lock's file descriptor.

    The descriptor is for the workers to inherit. Raises UsageError, which names the holder, if
    another process holds the lock. On exit, folders that were created and are empty are removed.
    """
    created = [each for each in (folder, *folder.parents) if not each.exists()]
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
        for each in created:
            with suppress(OSError):  # not empty: a run was begun
                each.rmdir()


def take(path: Path) -> int:
    """Takes the lock, and returns the descriptor of its file.

    Raises UsageError at once if the command that the file names may still be running. If it has
    been killed, waits up to `PATIENCE_SECONDS` for its workers, which need a moment to end.
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
        if free:  # the holder has just removed this file: try again with a new one
            continue
        if may_run(holder) or time.monotonic() > end:
            raise UsageError(
                f"{path.parent}: {holder or 'another process'} trains in this folder; wait until "
                "it has ended, or give another --out"
            )
        time.sleep(0.2)


def is_free(descriptor: int, path: Path) -> bool:
    """Tries to lock an open file; returns False if another process holds the lock.

    On a file system without locks, prints a warning and returns True.
    """
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
    """Whether the process that a lock file names may still be running; True on other machines."""
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
