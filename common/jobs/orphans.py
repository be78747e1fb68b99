"""Whatever user code starts ends with it, on Linux also what leaves its session or its parent."""

import ctypes
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import WNOHANG, getpid, kill, waitpid  # as they are before user code replaces them
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
ROUNDS, ROUND_SECONDS = 100, 0.02  # until processes that were killed are gone


def adopt_orphans(wanted: bool = True) -> None:
    """Makes processes whose parent ends children of this process, where the system can."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)


def descendants() -> set[int]:
    """The processes below this one; none where there is no /proc."""
    parents: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            # The name of the program, in parentheses, may hold any bytes.
            parents[int(file.parent.name)] = int(file.read_bytes().rpartition(b")")[2].split()[1])
    found, level = set[int](), {getpid()}
    while level := {child for child, parent in parents.items() if parent in level} - found:
        found |= level
    return found


def end_descendants(spared: frozenset[int] = frozenset()) -> None:
    """Kills the processes below this one, until none is left but those spared."""
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
    """Kills, when it is left, all processes that were started below this one meanwhile."""
    spared = frozenset(descendants())
    adopt_orphans()
    try:
        yield
    finally:
        end_descendants(spared)
        adopt_orphans(False)
