"""Kills the processes that user code has started and left running.

On Linux this includes those that have started a session of their own, or whose parent has ended.
"""

import ctypes
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import WNOHANG, getpid, kill, waitpid  # before user code can replace them
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
ROUNDS, ROUND_SECONDS = 100, 0.02  # while waiting for killed processes to disappear


def adopt_orphans(wanted: bool = True) -> None:
    """Makes this process the parent of orphaned descendants, if the system supports it."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)


def descendants() -> set[int]:
    """The ids of all descendants of this process; empty if there is no /proc."""
    parents: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # the process has ended
            # The name of the program, in parentheses, may contain any bytes.
            parents[int(file.parent.name)] = int(file.read_bytes().rpartition(b")")[2].split()[1])
    below, level = set[int](), {getpid()}
    while level := {child for child, parent in parents.items() if parent in level} - below:
        below |= level
    return below


def end_descendants(spared: frozenset[int] = frozenset()) -> None:
    """Kills the descendants of this process until only those in `spared` are left."""
    for _ in range(ROUNDS):
        left = descendants() - spared
        if not left:
            return
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                kill(process, signal.SIGKILL)
        for process in left:
            with suppress(ChildProcessError):
                waitpid(process, WNOHANG)
        time.sleep(ROUND_SECONDS)


@contextmanager
def no_orphans() -> Iterator[None]:
    """On exit, kills all descendants of this process that were started inside the block."""
    spared = frozenset(descendants())
    adopt_orphans()
    try:
        yield
    finally:
        end_descendants(spared)
        adopt_orphans(False)
