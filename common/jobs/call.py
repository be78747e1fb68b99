"""Calls a worker: starts a process that does a job, and returns its report or raises its error.

Importing TensorFlow before Paddle crashes the interpreter, so no process imports two frameworks. A
worker ends when its parent ends, even if the parent is killed: it watches a pipe from its parent,
which the system then closes.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from common.errors import CheckFailed, Interrupted, UserError
from common.files.bundle import unpack
from common.files.scratch import scratch_folder
from common.jobs.environment import environment
from common.jobs.failure import how_it_ended, read_answer, shorten_log
from common.jobs.job import Job, Report, to_json
from common.jobs.orphans import no_orphans
from common.jobs.turns import turns_file

LIMIT_SECONDS = 1800.0
TICK_SECONDS = 0.2
# The class of the error for each exit code.
CODES = {kind.code: kind for kind in UserError.__subclasses__()}
NO_EXTRA: Mapping[str, str] = {}
ROOT = Path(__file__).resolve().parents[2]


def call(
    job: Job,
    limit: float = LIMIT_SECONDS,
    watch: Callable[[], None] = lambda: None,
    grace: float = 0,
    environments: Sequence[Mapping[str, str]] = ({},),
) -> Report:
    """Does the job in a separate process, and returns its report.

    Raises the error that the worker reported, or one that says how it ended; CheckFailed after
    `limit` seconds. `watch` is called repeatedly while waiting. If the command is interrupted, the
    worker receives SIGINT and has `grace` seconds to end. A process is started for each of
    `environments`, with these additional variables: several for distributed training. If one fails,
    the others are killed. The report is that of the first process. A job that runs user code leaves
    no process behind.
    """
    with scratch_folder() as folder, no_orphans() if job.runs_user_code else nullcontext():
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
        # One that a signal ended is the cause, and comes first: its status is negative.
        for worker in sorted(ended, key=lambda each: each.status or 0):
            worker.raise_if_failed()
        return workers[0].report()


class Worker:
    """A process that does a job, and the folder `box` with the job and the answer.

    `more` are additional environment variables.
    """

    def __init__(self, job: Job, name: str, box: Path, more: Mapping[str, str] = NO_EXTRA) -> None:
        self.name, self.box = name, box
        box.mkdir()
        (box / "job.json").write_text(to_json(job))
        self.status: int | None = (
            None  # the exit status; None while it runs, and if `end` had to kill it
        )
        own = {"PYTHONPATH": import_path(), "TMPDIR": str(box), **more}
        with open(box / "stderr", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "common.jobs.worker", str(box)],
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=log,
                stderr=log,
                env=environment(job.device, job.plain) | own,
                start_new_session=True,
                pass_fds=job.held,
            )

    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def has_failed(self) -> bool:
        """Whether the process has ended, but did not complete the job."""
        return self.has_ended() and (
            self.process.returncode != 0 or "version" not in read_answer(self.box)
        )

    def await_end(self, limit: float) -> None:
        """Waits until the process has ended, for at most `limit` seconds."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(limit)

    def end(self) -> None:
        """Kills the process if it is still running, and releases its resources."""
        if self.has_ended():
            self.status = self.process.returncode
        # The whole group, with the processes that it has started; all may have ended already.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def give_turn(self) -> None:
        """Signals the worker, which is waiting, to take its turn."""
        before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # the worker may have ended
        try:
            if self.process.stdin:
                self.process.stdin.write(b".")
        except BrokenPipeError:
            pass  # the caller, which then waits for the worker, reports how it ended
        finally:
            signal.signal(signal.SIGPIPE, before)

    def turns_signalled(self) -> int:
        """The number of signals from the worker that it is ready or has finished a turn."""
        file = turns_file(self.box)
        return file.stat().st_size if file.exists() else 0

    def report(self) -> Report:
        """The report of the job, once the process has ended; raises an error if the job failed."""
        self.raise_if_failed()
        return Report(arrays=unpack(self.box / "out.npz"), **read_answer(self.box))

    def raise_if_failed(self) -> None:
        """Raises the error that the worker reported, or one that says how it ended without one."""
        answer = read_answer(self.box)
        if "error" in answer:
            raise CODES.get(answer["code"], CheckFailed)(answer["error"])
        if self.status or not answer:
            raise how_it_ended(self.name, self.status or 0, self.box)


def wait(workers: Sequence[Worker], limit: float, watch: Callable[[], None]) -> None:
    """Waits until all workers have ended or one has failed; CheckFailed after `limit` seconds."""
    end, first = time.monotonic() + limit, workers[0].process
    while not all(worker.has_ended() for worker in workers):
        if any(worker.has_failed() for worker in workers):
            return
        if time.monotonic() > end:
            raise CheckFailed(f"{workers[0].name}: stopped after {limit:.0f} s without an answer")
        with suppress(subprocess.TimeoutExpired):
            first.wait(TICK_SECONDS)
            time.sleep(TICK_SECONDS * (len(workers) > 1))
        for worker in workers:
            shorten_log(worker.box)
        watch()


def end_in_order(workers: Sequence[Worker], grace: float) -> None:
    """Asks the workers to end with SIGINT, and waits until they have, for up to `grace` seconds.

    A training run thus completes its step and saves its state. The caller kills those still alive.
    """
    for worker in workers:
        worker.process.send_signal(signal.SIGINT)
    end = time.monotonic() + grace
    for worker in workers:
        worker.await_end(max(0, end - time.monotonic()))


def import_path() -> str:
    """The `PYTHONPATH` of a worker: the folder that contains `common`, then the user's own."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
