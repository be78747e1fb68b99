"""Calls a worker: starts a process for one framework, and returns its report or raises its error.

Importing TensorFlow before Paddle kills the interpreter, so no process ever imports two frameworks.
A worker ends when its parent ends, however that happens: it watches a pipe that only the parent
holds open.
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
    """Does the job in a separate process; raises the error that the worker reported or died of.

    `watch` is called repeatedly while waiting. If the command is interrupted, the worker receives
    SIGINT and has `grace` seconds to end. With several `environments`, one process for each does
    the job together with the others; if one fails, the others are ended. The report is that of the
    first process. After a job that runs user code, no process started in the meantime is left.
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
        for worker in sorted(ended, key=lambda each: each.status or 0):  # negative for a signal
            worker.raise_if_failed()
        return workers[0].report()


class Worker:
    """A process that does a job, and the folder with the job and the answer."""

    def __init__(self, job: Job, name: str, box: Path, more: Mapping[str, str] = NO_MORE) -> None:
        self.name, self.box = name, box
        box.mkdir()
        (box / "job.json").write_text(to_json(job))
        self.status: int | None = None  # exit status; None if it had to be killed
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
        """Whether the process has ended with an error or without a report."""
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
        # Also kills the processes that it has started; macOS refuses if all have ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def give_turn(self) -> None:
        """Signals a waiting worker to take its turn."""
        before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # it may have ended by now
        try:
            if self.process.stdin:
                self.process.stdin.write(b".")
        except BrokenPipeError:
            pass  # whoever waits for it reports how it ended
        finally:
            signal.signal(signal.SIGPIPE, before)

    def turns_signalled(self) -> int:
        """How often the worker has signalled that it is ready or has finished a turn."""
        file = turns_file(self.box)
        return file.stat().st_size if file.exists() else 0

    def report(self) -> Report:
        """The report of the job, once the process has ended; raises the error that it met."""
        self.raise_if_failed()
        return Report(arrays=unpack(self.box / "out.npz"), **read_answer(self.box))

    def raise_if_failed(self) -> None:
        """Raises the error that the worker reported or died of, if any."""
        answer = read_answer(self.box)
        if "error" in answer:
            raise CODES.get(answer["code"], CheckFailed)(answer["error"])
        if self.status or not answer:
            raise how_it_ended(self.name, self.status or 0, self.box)


def wait(workers: Sequence[Worker], limit: float, watch: Callable[[], None]) -> None:
    """Waits until all have ended or one has failed; raises CheckFailed after `limit` seconds."""
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
    """Sends SIGINT to the workers, and waits up to `grace` seconds for them to end."""
    for worker in workers:
        worker.process.send_signal(signal.SIGINT)
    end = time.monotonic() + grace
    for worker in workers:
        worker.await_end(max(0, end - time.monotonic()))


def import_path() -> str:
    """The `PYTHONPATH` of a worker, which includes this code."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
