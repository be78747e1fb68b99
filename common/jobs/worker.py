"""One process a framework: starts it, waits, and turns whatever happens into an answer.

TensorFlow imported before Paddle kills the interpreter, so no process ever holds two of them. A
worker ends with its parent, however that ends: it watches a pipe that only the parent holds open.
"""

import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from json import dumps
from os import _exit
from pathlib import Path

from common.errors import CheckFailed, DataError, Interrupted, UserError, system_text
from common.files.bundle import pack, unpack
from common.files.scratch import remove_with_siblings, scratch_folder
from common.jobs.failure import how_it_ended, read_answer, shorten_log
from common.jobs.job import Check, Job, Report, from_json, to_json
from common.jobs.orphans import adopt_orphans, end_descendants, no_orphans
from common.jobs.perform import perform
from common.jobs.settings import environment
from common.jobs.turns import Turns, turns_file

LIMIT_SECONDS = 1800.0
TICK_SECONDS = 0.2
CODES = {kind.code: kind for kind in UserError.__subclasses__()}
NO_MORE: Mapping[str, str] = {}
ROOT = Path(__file__).resolve().parents[2]


def call(
    job: Job,
    limit: float = LIMIT_SECONDS,
    watch: Callable[[], None] = lambda: None,
    grace: float = 0,
    environments: Sequence[Mapping[str, str]] = ({},),
) -> Report:
    """Does the job in a process of its own; raises the error that the worker met or died of.

    `watch` is called again and again meanwhile. Where the command is interrupted, the worker is
    asked by SIGINT to end, and has `grace` seconds to do so. With several `environments` as many
    processes do the job together; one that fails ends the others; the first one's report counts.
    After a `Check`, whose code is a user's, no process that was started meanwhile is left.
    """
    with scratch_folder() as folder, no_orphans() if isinstance(job, Check) else nullcontext():
        count = len(environments)
        boxes = [folder / str(number) for number in range(count)]
        names = [f"{job.framework}, process {n} of {count}" for n in range(1, count + 1)]
        names = names if count > 1 else [job.framework]
        workers = [Worker(job, *each) for each in zip(names, boxes, environments, strict=True)]
        try:
            wait(workers, limit, watch)
        except Interrupted:
            end_in_order(workers, grace)
            raise
        finally:
            for worker in workers:
                worker.end()
        ended = [worker for worker in workers if worker.status is not None]
        for worker in sorted(ended, key=lambda each: each.status or 0):  # a signal's is below 0
            worker.raise_if_failed()
        return workers[0].report()


class Worker:
    """A process that does a job, and the folder in which it finds the job and leaves its answer."""

    def __init__(self, job: Job, name: str, box: Path, more: Mapping[str, str] = NO_MORE) -> None:
        self.name, self.box = name, box
        box.mkdir()
        (box / "job.json").write_text(to_json(job))
        self.status: int | None = None  # what it ended with, unless it was ended
        device, plain = getattr(job, "device", "cpu"), getattr(job, "plain", False)
        own = {"PYTHONPATH": import_path(), "TMPDIR": str(box), **more}
        with open(box / "stderr", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "common.jobs.worker", str(box)],
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=log,
                stderr=log,
                env=environment(device, plain) | own,
                start_new_session=True,
                pass_fds=getattr(job, "held", ()),
            )

    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def has_failed(self) -> bool:
        """Whether it has ended otherwise than with an answer."""
        return self.has_ended() and (
            self.process.returncode != 0 or "version" not in read_answer(self.box)
        )

    def await_end(self, limit: float) -> None:
        """Until the process has ended by itself, or too much time has passed."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(limit)

    def end(self) -> None:
        """Ends the process if it has not ended, and lets go of it."""
        if self.has_ended():
            self.status = self.process.returncode
        # What it has started ends with it; macOS refuses where all has ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def give_turn(self) -> None:
        """Lets a worker that waits for its turn compute."""
        before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # it may have ended by now
        try:
            if self.process.stdin:
                self.process.stdin.write(b".")
        except BrokenPipeError:
            pass  # who waits for it will say how it ended
        finally:
            signal.signal(signal.SIGPIPE, before)

    def turns_told(self) -> int:
        """How often the worker has told that it is ready, or has done a turn."""
        file = turns_file(self.box)
        return file.stat().st_size if file.exists() else 0

    def report(self) -> Report:
        """What came of the job, after the process has ended; raises the error that it met."""
        self.raise_if_failed()
        return Report(arrays=unpack(self.box / "out.npz"), **read_answer(self.box))

    def raise_if_failed(self) -> None:
        """Raises the error that the worker met or died of."""
        answer = read_answer(self.box)
        if "error" in answer:
            raise CODES.get(answer["code"], CheckFailed)(answer["error"])
        if self.status or not answer:
            raise how_it_ended(self.name, self.status or 0, self.box)


def wait(workers: Sequence[Worker], limit: float, watch: Callable[[], None]) -> None:
    """Until all have ended, or one has failed; raises CheckFailed when it takes too long."""
    end, first = time.monotonic() + limit, workers[0].process
    while not all(worker.has_ended() for worker in workers):
        if any(worker.has_failed() for worker in workers):
            return
        if time.monotonic() > end:
            raise CheckFailed(f"{workers[0].name}: no answer within {limit:.0f} s, stopped")
        with suppress(subprocess.TimeoutExpired):
            first.wait(TICK_SECONDS)
            time.sleep(TICK_SECONDS * (len(workers) > 1))
        for worker in workers:
            shorten_log(worker.box)
        watch()


def end_in_order(workers: Sequence[Worker], grace: float) -> None:
    """Asks the processes to end, and gives them so many seconds."""
    for worker in workers:
        worker.process.send_signal(signal.SIGINT)
    end = time.monotonic() + grace
    for worker in workers:
        worker.await_end(max(0, end - time.monotonic()))


def import_path() -> str:
    """Where a worker finds this code."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def main(box: Path) -> None:
    """A worker's whole life: read the job, do it, leave the arrays and the answer."""
    parent = take_standard_input()
    adopt_orphans()
    job = from_json((box / "job.json").read_text())
    turns = Turns(box, getattr(job, "turns", 0))
    threading.Thread(target=watch_parent, args=(parent, box, turns), daemon=True).start()
    try:
        report = perform(job, turns)
        pack(box / "out.npz", report.arrays)
    except UserError as error:
        answer: dict = {"error": str(error), "code": error.code}
    except (OSError, MemoryError) as error:
        answer = {"error": f"{job.framework}: {system_text(error)}", "code": DataError.code}
    else:
        answer = replace(report, megabytes=peak_megabytes()).figures()
    (box / "answer.json").write_text(dumps(answer))
    # The frameworks' own threads can stall or crash on the way out; all is said already.
    _exit(0)


def take_standard_input() -> int:
    """The pipe from the parent as another descriptor; standard input is empty from here on."""
    parent = os.dup(sys.stdin.fileno())
    with open(os.devnull) as empty:
        os.dup2(empty.fileno(), sys.stdin.fileno())
    return parent


def peak_megabytes() -> int:
    """The most memory that this process ever held.

    Linux's own count of a process begins with its parent's, so that of its memory map is taken.
    """
    status = Path("/proc/self/status")
    if status.is_file() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def watch_parent(parent: int, box: Path, turns: Turns) -> None:
    """Takes the turns that the parent gives, and ends the process when it lets go of the pipe.

    That also happens when the parent is killed. It cannot tidy up then, so this does: the parent's
    temporary folders go with it, and the processes that the job has started.
    """
    while given := os.read(parent, 1):
        turns.given.put(given)
    end_descendants()
    remove_with_siblings(box.parent)
    _exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
