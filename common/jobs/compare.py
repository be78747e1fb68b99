"""The main job: the same weights and images through every framework, compared with the judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import CheckFailed, MissingFramework, UserError
from common.files import weights
from common.files.scratch import scratch_folder
from common.initial import initial_arrays
from common.jobs.job import Report, Run
from common.jobs.worker import call
from common.notebook import page_frame
from common.plan import Node, Plan
from common.reference import relative
from common.spec import Dropout, Flatten, Shape, shape_text

# How far a layer may be from the judge, relative to the layer's largest value.
# bfloat16 keeps 8 bits of a number, and a network rounds to them again and again: layers were
# up to 0.026 away, in Inception v4.
TOLERANCES = {"bfloat16": 5e-2, "float32": 1e-5, "float64": 1e-12}


@dataclass(frozen=True)
class Row:
    """A step of the body or a head, and the names and shapes of all outputs measured for it."""

    node: Node
    outputs: dict[str, Shape]


@dataclass
class Side:
    """What one framework did: its worker's report, or how it failed, and each output's
    shape and difference from the judge; `maps` are the first image's, of the channels kept."""

    report: Report | None = None
    error: UserError | None = None
    shapes: dict[str, Shape] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    maps: Arrays = field(default_factory=dict)

    def difference(self, row: Row) -> float:
        """The largest difference anywhere in the row."""
        return float(np.max([self.differences[name] for name in row.outputs]))

    def wrong_shapes(self, row: Row) -> dict[str, Shape]:
        """The outputs in the row whose shape is not the plan's."""
        return {
            name: self.shapes[name]
            for name, shape in row.outputs.items()
            if self.shapes[name] != shape
        }


@dataclass(frozen=True)
class Comparison:
    """Every framework beside the judge, row by row.

    `channels` are the strongest ones of each row's map, if they were to be kept, and `maps` what
    the judge has there for the first image.
    """

    plan: Plan
    dtype: str
    images: tuple[str, ...]
    rows: tuple[Row, ...]
    judge: Report
    sides: dict[str, Side]
    channels: Arrays = field(default_factory=dict)
    maps: Arrays = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """What a notebook shows: the page, opened at the comparison."""
        return page_frame(plan=self.plan, comparison=self, part="comparison")

    @property
    def tolerance(self) -> float:
        """The largest relative difference that passes."""
        return TOLERANCES[self.dtype]

    def failures(self) -> list[str]:
        """Every check that did not hold, one per line."""
        return [
            f"{name}: {failure}"
            for name, side in self.sides.items()
            for failure in self.faults(name, side)
        ]

    def faults(self, framework: str, side: Side) -> list[str]:
        """Every check that one framework fails."""
        if side.error or not side.report:
            return [str(side.error).removeprefix(f"{framework}: ")]
        found = []
        total = self.plan.parameter_count
        if side.report.parameters != total:
            found.append(f"counts {side.report.parameters:,} parameters, not {total:,}")
        for row in self.rows:
            for name, shape in side.wrong_shapes(row).items():
                planned = shape_text(row.outputs[name])
                found.append(f"{name} is {shape_text(shape)}, not {planned}")
            difference = side.difference(row)
            if not difference <= self.tolerance:
                found.append(f"{row.node.path} differs by {difference:.1e}")
        return found

    def raise_if_failed(self) -> None:
        """Raises MissingFramework or CheckFailed unless all is equal."""
        errors = [side.error for side in self.sides.values() if side.error]
        failures = self.failures()
        only_missing = all(isinstance(error, MissingFramework) for error in errors)
        if errors and len(failures) == len(errors) and only_missing:
            raise MissingFramework("; ".join(failures))
        if failures:
            raise CheckFailed("; ".join(failures))


def compare(
    plan: Plan,
    x: NDArray,
    images: Sequence[str],
    frameworks: Sequence[str],
    dtype: str,
    plain: bool,
    say: Callable[[str, str], None],
    kept: int = 0,
) -> Comparison:
    """Runs the judge, then each framework in turn, all on seeded weights with random biases.

    `say` is told who began or ended, and how it went; so many maps of each row are `kept`. Raises
    UserError if the judge cannot run.
    """
    with scratch_folder() as folder:
        job = write_job(plan, x, folder, dtype, plain)
        say("numpy", "computing what is expected, in float64")
        judge = call(job)
        rows = make_rows(plan)
        channels = strongest_channels(rows, judge.arrays, kept)
        sides = {}
        for framework in frameworks:
            say(framework, "computing")
            own = replace(job, framework=framework)
            sides[framework] = compare_one(own, judge.arrays, channels)
    maps = keep_maps(judge.arrays, channels)
    about = plan, dtype, tuple(images), rows
    return Comparison(*about, replace(judge, arrays={}), sides, channels, maps)


def write_job(plan: Plan, x: NDArray, folder: Path, dtype: str, plain: bool) -> Run:
    """The judge's job, its weights and images written into the folder."""
    weights_file, input_file = folder / "w.safetensors", folder / "x.npy"
    weights.write(weights_file, initial_arrays(plan, seed=0, random_stats=True), plan)
    np.save(input_file, x)
    return Run(
        framework="numpy",
        network=plan.network.name,
        weights=str(weights_file),
        input=str(input_file),
        endpoints="units",
        dtype=dtype,
        aux=plan.network.aux,
        plain=plain,
    )


def strongest_channels(rows: Sequence[Row], arrays: Arrays, count: int) -> Arrays:
    """The channels of each row's map with the largest mean for the first image."""
    paths = [row.node.path for row in rows if row.node.is_map and count]
    means = {path: arrays[path][0].mean(axis=(1, 2)) for path in paths}
    return {path: np.argsort(-mean, kind="stable")[:count] for path, mean in means.items()}


def keep_maps(arrays: Arrays, channels: Arrays) -> Arrays:
    """The first image's maps of these channels."""
    return {path: arrays[path][0, numbers].copy() for path, numbers in channels.items()}


def compare_one(job: Run, expected: Arrays, channels: Arrays) -> Side:
    """One framework compared with the judge's arrays."""
    try:
        report = call(job)
    except UserError as error:
        return Side(error=error)
    side = Side(replace(report, arrays={}))
    for name, array in expected.items():
        side.shapes[name] = report.arrays[name].shape[1:]
        side.differences[name] = relative(report.arrays[name], array)
    equal = {p: c for p, c in channels.items() if report.arrays[p].shape == expected[p].shape}
    side.maps = keep_maps(report.arrays, equal)
    return side


def make_rows(plan: Plan) -> tuple[Row, ...]:
    """The steps of the body that compute, then the heads."""
    last = plan.body.children[-1].path
    steps = [step for step in plan.body.children if step.path == last or computes(step)]
    names = {last: plan.network.output} | {name: name for name in plan.heads}
    rows = []
    for node in (*steps, *plan.heads.values()):
        outputs = {unit.path: unit.output for unit in node.units() if unit.is_map}
        if node.is_vector and node.path not in names:
            outputs[node.path] = node.output
        if node.path in names:
            outputs[names[node.path]] = node.output
        rows.append(Row(node, outputs))
    return tuple(rows)


def computes(node: Node) -> bool:
    """Whether the node does anything to a map in evaluation."""
    return not isinstance(node.word, Flatten | Dropout)
