"""A race: one worker per contestant; all are alive at once, but only one computes at a time."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from numpy.typing import NDArray

from common.errors import CheckFailed, UserError
from common.files.bundle import unpack
from common.files.scratch import scratch_folder
from common.jobs.call import LIMIT_SECONDS, Worker
from common.reference.numerics import relative_difference
from common.tools.analysis.compare import TOLERANCES
from common.tools.bench.contestants import Contestant
from common.tools.bench.results import Results, Timing
from common.tools.bench.timing_jobs import TakeTurns
from common.tools.bench.workload import Work

TICK_SECONDS = 0.005
# A worker's threads keep spinning after a computation: those of Intel's OpenMP for 0.2 s.
PAUSE_SECONDS = 0.3


class Racer:
    """A contestant in a race: its worker, its difference from the reference, its row or error."""

    def __init__(self, job: TakeTurns, box: Path) -> None:
        self.work = Work(network=job.network, task=job.task, batch=job.batch, size=job.size)
        self.contestant = Contestant(framework=job.framework, mode=job.mode, precision=job.dtype)
        self.worker = Worker(job, self.contestant.name, box)
        self.turns, self.difference = job.turns, 0.0
        self.row: Timing | None = None
        self.error: UserError | None = None

    def wait(self, times: int) -> None:
        """Waits until the worker has signalled `times` times.

        Raises the error that the worker ended with, or CheckFailed if it ends early or does not
        answer in time.
        """
        end = time.monotonic() + LIMIT_SECONDS
        while self.worker.turns_signalled() < times:
            if self.worker.has_ended():
                if self.worker.turns_signalled() >= times:
                    return
                self.worker.end()
                self.worker.raise_if_failed()
                raise CheckFailed("the worker exited unexpectedly")
            if time.monotonic() > end:
                raise CheckFailed(f"no answer within {LIMIT_SECONDS:.0f} s")
            time.sleep(TICK_SECONDS)

    def verify(self, expected: NDArray) -> None:
        """Waits until the worker is ready, and compares its first results with the expected ones.

        Raises CheckFailed if they differ by more than the tolerance.
        """
        self.wait(1)
        [shown] = unpack(self.worker.box / "shown.npz").values()
        self.difference = relative_difference(shown, expected)
        if not self.difference <= TOLERANCES[self.contestant.precision]:
            raise CheckFailed(f"differs by {self.difference:.1e} from the reference; not timed")

    def take_turn(self, number: int) -> None:
        """Lets the worker take its turn `number`, counted from 1, then pauses for PAUSE_SECONDS."""
        self.worker.give_turn()
        self.wait(number + 1)
        time.sleep(PAUSE_SECONDS)

    def finish(self) -> None:
        """Waits for the worker to end, and makes a row from its report."""
        self.worker.await_end(LIMIT_SECONDS)
        self.worker.end()
        report = self.worker.report()
        seconds = tuple(report.arrays["seconds"].tolist())
        start = report.import_seconds + report.seconds
        self.row = Timing(
            work=self.work,
            contestant=self.contestant,
            seconds=seconds,
            peak_mb=report.megabytes,
            start_seconds=start,
            difference=self.difference,
        )

    def attempt(self, act: Callable, *arguments: object) -> None:
        """Calls `act` unless this contestant has failed before; a failure ends its race."""
        if not self.error:
            try:
                act(*arguments)
            except UserError as error:
                self.error = error
                self.worker.end()


def race(
    jobs: Sequence[TakeTurns],
    expected: Mapping[Work, NDArray],
    report_progress: Callable[[str, str], None],
) -> Results:
    """Runs the jobs' contestants in turns, and returns the rows and why others have none.

    Contestants are started one by one and compared with the reference's results; then each takes
    one turn per round.
    """
    rounds = jobs[0].turns
    with scratch_folder() as folder:
        racers: list[Racer] = []
        try:
            for number, job in enumerate(jobs):
                racer = Racer(job, folder / str(number))
                racers.append(racer)
                report_progress(racer.contestant.name, f"starting: {racer.work.text}")
                racer.attempt(racer.verify, expected[racer.work])
            for number in range(1, rounds + 1):
                report_progress("in turns", f"{number} of {rounds}")
                for racer in racers:
                    racer.attempt(racer.take_turn, number)
            for racer in racers:
                racer.attempt(racer.finish)
        finally:
            for racer in racers:
                racer.worker.end()
    results = Results()
    for racer in racers:
        if racer.row:
            results.rows.append(racer.row)
        if racer.error:
            results.note(racer.contestant, racer.work.text, racer.error)
    return results
