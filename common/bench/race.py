"""A race: one worker for each side, all alive at once, computing in turns, never two together."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from numpy.typing import NDArray

from common.bench.rows import Results, Row
from common.bench.sides import Side, Work
from common.errors import CheckFailed, UserError
from common.files.bundle import unpack
from common.files.scratch import scratch_folder
from common.jobs.compare import TOLERANCES
from common.jobs.job import Time
from common.jobs.worker import LIMIT_SECONDS, Worker
from common.reference import relative

TICK_SECONDS = 0.005
# A worker's threads go on looking for more to do when it has computed: Intel's OpenMP for 0.2 s.
PAUSE_SECONDS = 0.3


class Racer:
    """A side in a race: its worker, how far that was from the judge, the error it ended with."""

    def __init__(self, job: Time, box: Path) -> None:
        self.work = Work(job.network, job.task, job.batch, job.size)
        self.side = Side(job.framework, job.mode, job.precision)
        self.worker = Worker(job, self.side.name, box)
        self.turns, self.difference = job.turns, 0.0
        self.row: Row | None = None
        self.error: UserError | None = None

    def wait(self, told: int) -> None:
        """Until the worker has told so much, or has ended; raises the error that it ended with."""
        end = time.monotonic() + LIMIT_SECONDS
        while self.worker.turns_told() < told:
            if self.worker.has_ended():
                if self.worker.turns_told() >= told:
                    return
                self.worker.end()
                self.worker.raise_if_failed()
                raise CheckFailed("ended before its time")
            if time.monotonic() > end:
                raise CheckFailed(f"no answer within {LIMIT_SECONDS:.0f} s")
            time.sleep(TICK_SECONDS)

    def prove(self, expected: NDArray) -> None:
        """Waits until the worker is ready, and compares what it shows with what is expected.

        Raises CheckFailed where it is too far away.
        """
        self.wait(1)
        [found] = unpack(self.worker.box / "shown.npz").values()
        self.difference = relative(found, expected)
        if not self.difference <= TOLERANCES[self.side.precision]:
            raise CheckFailed(
                f"differs by {self.difference:.1e} from the reference, and is not timed"
            )

    def take_turn(self, number: int) -> None:
        """Has the worker compute in the turn of that number, from 1, and lets the machine rest."""
        self.worker.give_turn()
        self.wait(number + 1)
        time.sleep(PAUSE_SECONDS)

    def finish(self) -> None:
        """Makes the row of what the worker reached."""
        self.worker.await_end(LIMIT_SECONDS)
        self.worker.end()
        report = self.worker.report()
        seconds = tuple(report.arrays["seconds"].tolist())
        start = report.import_seconds + report.seconds
        self.row = Row(self.work, self.side, seconds, report.megabytes, start, self.difference)

    def attempt(self, act: Callable, *arguments: object) -> None:
        """Does it, unless this side has failed before; one that fails now is out of the race."""
        if not self.error:
            try:
                act(*arguments)
            except UserError as error:
                self.error = error
                self.worker.end()


def race(
    jobs: Sequence[Time], expected: Mapping[Work, NDArray], say: Callable[[str, str], None]
) -> Results:
    """The rows of the jobs' sides, and why others have none.

    Each starts alone, is compared with what the judge expects, and then has a turn each round.
    """
    rounds = jobs[0].turns
    with scratch_folder() as folder:
        racers: list[Racer] = []
        try:
            for number, job in enumerate(jobs):
                racer = Racer(job, folder / str(number))
                racers.append(racer)
                say(racer.side.name, f"starting: {racer.work.text}")
                racer.attempt(racer.prove, expected[racer.work])
            for number in range(1, rounds + 1):
                say("in turns", f"{number} of {rounds}")
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
            results.note(racer.side, racer.work.text, racer.error)
    return results
