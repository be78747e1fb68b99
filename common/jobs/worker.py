"""The worker: a process that does one job, and writes the arrays and an answer for its parent.

`python -m common.jobs.worker BOX`; `BOX` is the folder to which `common.jobs.call` wrote the job.
"""

import os
import re
import resource
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from json import dumps
from os import _exit
from pathlib import Path

from common.errors import DataError, UserError, system_text
from common.files.bundle import pack
from common.files.scratch import remove_with_siblings
from common.jobs.job import Job, Report, from_json
from common.jobs.orphans import adopt_orphans, end_descendants
from common.jobs.turns import Turns


def main(box: Path) -> None:
    """Reads the job, does it, and writes the arrays and the answer."""
    parent = take_standard_input()
    adopt_orphans()
    job = from_json((box / "job.json").read_text())
    turns = Turns(box, job.turns)
    threading.Thread(target=watch_parent, args=(parent, box, turns), daemon=True).start()
    try:
        report = perform(job, turns)
        pack(box / "out.npz", report.arrays)
    except UserError as error:
        answer: dict = {"error": str(error), "code": error.code}
    except (OSError, MemoryError) as error:
        answer = {"error": f"{job.framework}: {system_text(error)}", "code": DataError.code}
    else:
        answer = replace(report, megabytes=peak_megabytes()).metrics()
    (box / "answer.json").write_text(dumps(answer))
    # Ends at once: threads of the frameworks can hang or crash in a normal exit.
    _exit(0)


def perform(job: Job, turns: Turns) -> Report:
    """Does the job, in turns if it is to be timed; raises UserError if it fails.

    The function for a job `FooBar` in `X_jobs.py` is `foo_bar` in `X_work.py`.
    """
    kind = type(job)
    module = import_module(f"{kind.__module__.removesuffix('_jobs')}_work")
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    work: Callable[..., Report] = getattr(module, name)
    return work(job, turns) if job.turns else work(job)


def take_standard_input() -> int:
    """A new descriptor for the pipe from the parent; standard input becomes empty."""
    parent = os.dup(sys.stdin.fileno())
    with open(os.devnull) as empty:
        os.dup2(empty.fileno(), sys.stdin.fileno())
    return parent


def peak_megabytes() -> int:
    """The peak memory of this process, in megabytes.

    On Linux, `ru_maxrss` starts with the parent's value, so `VmHWM`, the peak of the process's own
    memory map, is used.
    """
    status = Path("/proc/self/status")
    if status.is_file() and (match := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(match[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def watch_parent(parent: int, box: Path, turns: Turns) -> None:
    """Receives turns from the parent, and ends this process when the parent closes the pipe.

    The pipe also closes when the parent is killed. The parent cannot clean up then, so this
    function removes its temporary folders and ends the processes that the job has started.
    """
    while given := os.read(parent, 1):
        turns.given.put(given)
    end_descendants()
    remove_with_siblings(box.parent)
    _exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
