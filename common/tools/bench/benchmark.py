"""Runs a benchmark: verifies and times every contestant of every workload, race by race."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError, UserError
from common.files import weights
from common.files.scratch import scratch_folder
from common.spec import Init
from common.spec.initial import initial_arrays
from common.spec.plan import Plan
from common.tools.bench.contestants import (
    BaselineEntry,
    Contestant,
    baselines_for,
    sweep_works,
    usual_works,
)
from common.tools.bench.expected import expect
from common.tools.bench.memory import groups
from common.tools.bench.results import Results
from common.tools.bench.rounds import race
from common.tools.bench.timing_jobs import TakeTurns
from common.tools.bench.workload import Work, plan_of
from common.tools.zoo.convert import convert


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """The contestants and the number of turns; `modes` are those of this project's contestants."""

    frameworks: Sequence[str]
    baselines: bool = False
    turns: int = 5
    device: str = "cpu"
    precisions: Sequence[str] = ("float32",)
    modes: Sequence[str] = ("plain", "tuned")


def plan_races(
    names: Sequence[str], options: BenchOptions, quick: bool, sweep: bool
) -> Iterator[tuple[list[Work], BenchOptions]]:
    """Yields the workloads that are timed together, with the options to time them with.

    By default, all contestants race each other on one workload at a time; with `sweep`, each
    framework's tuned contestant is timed by itself on all workloads of the sweep.
    """
    for name in names:
        if not sweep:
            for work in usual_works(name, quick):
                yield [work], options
            continue
        for framework in options.frameworks:
            alone = replace(options, frameworks=(framework,), modes=("tuned",), baselines=False)
            yield sweep_works(name), alone


def run_race(
    works: Sequence[Work], options: BenchOptions, report_progress: Callable[[str, str], None]
) -> Results:
    """Times all contestants of these workloads; calls `report_progress` with who is running."""
    results = Results()
    with scratch_folder() as folder:
        jobs: list[TakeTurns] = []
        expected: dict[Work, NDArray] = {}
        for number, work in enumerate(works):
            report_progress(
                "numpy", f"computing the reference results: {work.network}, {work.task}"
            )
            plan = plan_of(work.network, work.task, work.size)
            arrays = first_values(plan, work.task)
            file = folder / f"{number}.safetensors"
            weights.write(file, arrays, plan)
            expected[work] = expect(work, plan, arrays)
            jobs += make_jobs(work, options, file, results)
        for number, group in enumerate(groups(jobs)):
            one = race(group, expected, report_progress)
            one.rows = [replace(row, group=number) for row in one.rows]
            results.add(one)
    return results


def first_values(plan: Plan, task: str) -> Arrays:
    """Initial weights under which every parameter affects the result.

    For training they keep the logits close to one another, because Paddle's own cross entropy is
    clipped.
    """
    if task == "infer":
        return initial_arrays(plan, seed=0, random_stats=True)
    return initial_arrays(replace(plan, spec=replace(plan.spec, init=Init.FAN_IN)), seed=0)


def make_jobs(work: Work, options: BenchOptions, file: Path, results: Results) -> list[TakeTurns]:
    """A job for each contestant of a workload; baselines that cannot run it go to `results`."""
    files = dict.fromkeys(own_contestants(options), file)
    for baseline in baselines_for(work, options.frameworks) if options.baselines else ():
        contestant = Contestant(framework=baseline.framework, mode=baseline.mode)
        try:
            if baseline.framework == "onnx" and options.device != "cpu":
                raise UsageError("can only be timed on the CPU")
            files[contestant] = baselines_file(baseline, work, file)
        except UserError as error:
            results.note(contestant, work.text, error)
    return [
        TakeTurns(
            framework=contestant.framework,
            mode=contestant.mode,
            plain=contestant.mode != "tuned",
            network=work.network,
            weights=str(path),
            task=work.task,
            batch=work.batch,
            size=work.size,
            turns=options.turns,
            dtype=contestant.precision,
            device=options.device,
        )
        for contestant, path in files.items()
    ]


def own_contestants(options: BenchOptions) -> Iterator[Contestant]:
    """This project's own contestants, framework by framework."""
    for framework in options.frameworks:
        for mode in options.modes:
            for precision in options.precisions:
                if mode == "tuned" or precision == "float32":
                    yield Contestant(framework=framework, mode=mode, precision=precision)


def baselines_file(baseline: BaselineEntry, work: Work, file: Path) -> Path:
    """The weights file in the format that the baseline reads, converted if necessary."""
    if not baseline.format:
        return file
    target = file.with_name(f"{file.stem}.{baseline.framework}{baseline.suffix}")
    convert(file, target, work.network, asked_to=baseline.format)
    return target
