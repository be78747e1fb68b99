"""The verb's work: every side of every work, proved and timed, race by race."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from numpy.typing import NDArray

from common.arrays import Arrays
from common.bench.memory import heats
from common.bench.proof import expect
from common.bench.race import race
from common.bench.rows import Results
from common.bench.sides import PeerEntry, Side, Work, peers_for, sweep_works, usual_works
from common.errors import UsageError, UserError
from common.files import weights
from common.files.scratch import scratch_folder
from common.initial import initial_arrays
from common.jobs.job import Time
from common.jobs.timing import plan_of
from common.plan import Plan
from common.spec import Init
from common.zoo.convert import convert


@dataclass(frozen=True)
class Wishes:
    """What is to be timed, and how often."""

    frameworks: Sequence[str]
    peers: bool = False
    turns: int = 5
    device: str = "cpu"
    precisions: Sequence[str] = ("float32",)
    modes: Sequence[str] = ("plain", "tuned")


def plan_races(
    names: Sequence[str], wishes: Wishes, quick: bool, sweep: bool
) -> Iterator[tuple[list[Work], Wishes]]:
    """Which works are timed together, and what of them: a network's sides against one another,
    or with `sweep` its tuned sides each against itself."""
    for name in names:
        if not sweep:
            for work in usual_works(name, quick):
                yield [work], wishes
            continue
        for framework in wishes.frameworks:
            alone = replace(wishes, frameworks=(framework,), modes=("tuned",), peers=False)
            yield sweep_works(name), alone


def run_race(works: Sequence[Work], wishes: Wishes, say: Callable[[str, str], None]) -> Results:
    """One race of all sides of these works; `say` is told who is at work."""
    results = Results()
    with scratch_folder() as folder:
        jobs: list[Time] = []
        expected: dict[Work, NDArray] = {}
        for number, work in enumerate(works):
            say("numpy", f"computing what is expected: {work.network}, {work.task}")
            plan = plan_of(work.network, work.task, work.size)
            arrays = first_values(plan, work.task)
            file = folder / f"{number}.safetensors"
            weights.write(file, arrays, plan)
            expected[work] = expect(work, plan, arrays)
            jobs += make_jobs(work, wishes, file, results)
        for number, heat in enumerate(heats(jobs)):
            found = race(heat, expected, say)
            found.rows = [replace(row, heat=number) for row in found.rows]
            results.add(found)
    return results


def first_values(plan: Plan, task: str) -> Arrays:
    """Weights by which everything counts; in training such that no logit is far from the others,
    since Paddle's own cross entropy is cut off."""
    if task == "infer":
        return initial_arrays(plan, seed=0, random_stats=True)
    return initial_arrays(replace(plan, network=replace(plan.network, init=Init.FAN_IN)), seed=0)


def make_jobs(work: Work, wishes: Wishes, file: Path, results: Results) -> list[Time]:
    """A job for each side that can do the work; the errors of those that cannot are noted."""
    files = dict.fromkeys(own_sides(wishes), file)
    for peer in peers_for(work, wishes.frameworks) if wishes.peers else ():
        side = Side(peer.framework, peer.mode)
        try:
            if peer.framework == "onnx" and wishes.device != "cpu":
                raise UsageError("is timed on the CPU alone")
            files[side] = peers_file(peer, work, file)
        except UserError as error:
            results.note(side, work.text, error)
    return [
        Time(
            framework=side.framework,
            mode=side.mode,
            network=work.network,
            weights=str(path),
            task=work.task,
            batch=work.batch,
            size=work.size,
            turns=wishes.turns,
            precision=side.precision,
            device=wishes.device,
        )
        for side, path in files.items()
    ]


def own_sides(wishes: Wishes) -> Iterator[Side]:
    """This project's own sides, framework by framework."""
    for framework in wishes.frameworks:
        for mode in wishes.modes:
            for precision in wishes.precisions:
                if mode == "tuned" or precision == "float32":
                    yield Side(framework, mode, precision)


def peers_file(peer: PeerEntry, work: Work, file: Path) -> Path:
    """The weights as the peer reads them."""
    if not peer.layout:
        return file
    target = file.with_name(f"{file.stem}.{peer.framework}{peer.suffix}")
    convert(file, target, work.network, asked_to=peer.layout)
    return target
