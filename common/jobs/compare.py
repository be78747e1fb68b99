"""The main job: the same weights and images through every framework, compared with the judge."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import CheckFailed, MissingFramework, UserError
from common.files import weights
from common.initial import initial
from common.jobs.job import Job
from common.jobs.worker import Report, call
from common.plan import Layer, Plan, is_map
from common.reference import relative
from common.spec import Dropout, Flatten, Shape, by

# How far a layer may be from the judge, relative to the layer's largest value.
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


@dataclass(frozen=True)
class Row:
    """A step of the body or a head: its layer, and the names of all outputs measured for it."""

    layer: Layer
    outputs: dict[str, Shape]


@dataclass
class Side:
    """What one framework did: its worker's report, or how it failed, and each output's
    shape and difference from the judge."""

    report: Report | None = None
    error: UserError | None = None
    shapes: dict[str, Shape] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)

    def difference(self, row: Row) -> float:
        """The largest difference anywhere in the row."""
        return float(np.max([self.differences[name] for name in row.outputs]))

    def misshapen(self, row: Row) -> dict[str, Shape]:
        """The outputs in the row whose shape is not the plan's."""
        return {
            name: self.shapes[name]
            for name, shape in row.outputs.items()
            if self.shapes[name] != shape
        }


@dataclass(frozen=True)
class Comparison:
    """Every framework beside the judge, row by row."""

    plan: Plan
    dtype: str
    images: tuple[str, ...]
    rows: tuple[Row, ...]
    judge: Report
    sides: dict[str, Side]

    @property
    def tolerance(self) -> float:
        """The largest relative difference that passes."""
        return TOLERANCES[self.dtype]

    def failures(self) -> list[str]:
        """Every check that did not hold, a line each."""
        told = []
        for framework, side in self.sides.items():
            if side.error or not side.report:
                told.append(f"{framework}: {side.error}".removeprefix(f"{framework}: "))
                continue
            total = self.plan.parameter_count
            if side.report.parameters != total:
                told.append(
                    f"{framework} counts {side.report.parameters:,} parameters, not {total:,}"
                )
            for row in self.rows:
                for name, shape in side.misshapen(row).items():
                    told.append(f"{framework}: {name} is {by(shape)}, not {by(row.outputs[name])}")
                difference = side.difference(row)
                if not difference <= self.tolerance:
                    told.append(f"{framework}: {row.layer.path} differs by {difference:.1e}")
        return told

    def raise_if_failed(self) -> None:
        """Raises MissingFramework or CheckFailed unless all is equal."""
        errors = [side.error for side in self.sides.values() if side.error]
        failures = self.failures()
        if (
            errors
            and len(failures) == len(errors)
            and all(isinstance(error, MissingFramework) for error in errors)
        ):
            raise MissingFramework("; ".join(failures))
        if failures:
            raise CheckFailed("; ".join(failures))


def compare(
    plan: Plan,
    x: NDArray,
    images: Sequence[str],
    frameworks: Sequence[str],
    dtype: str,
    say: Callable[[str, str], None],
) -> Comparison:
    """Runs the judge, then each framework in turn, all on seeded weights with random biases.

    `say` is told who began or ended, and how it went. Raises UserError if the judge cannot run.
    """
    with tempfile.TemporaryDirectory(prefix="googlenet-") as folder:
        weights_file, input_file = Path(folder, "w.safetensors"), Path(folder, "x.npy")
        weights.write(weights_file, initial(plan, seed=0, random_stats=True), plan)
        np.save(input_file, x)
        job = Job(
            verb="run",
            framework="numpy",
            network=plan.network.name,
            weights=str(weights_file),
            input=str(input_file),
            endpoints="units",
            dtype=dtype,
            aux=plan.network.aux,
        )
        say("numpy", "computing what is right, in float64")
        right, judge = call(job)
        sides = {}
        for framework in frameworks:
            say(framework, "computing")
            sides[framework] = compare_one(replace(job, framework=framework), right)
        return Comparison(plan, dtype, tuple(images), rows(plan), judge, sides)


def compare_one(job: Job, right: dict[str, NDArray]) -> Side:
    """One framework compared with the judge's arrays."""
    try:
        found, report = call(job)
    except UserError as error:
        return Side(error=error)
    side = Side(report)
    for name, expected in right.items():
        side.shapes[name] = found[name].shape[1:]
        side.differences[name] = relative(found[name], expected)
    return side


def rows(plan: Plan) -> tuple[Row, ...]:
    """The steps of the body that compute, then the heads."""
    last = plan.body.children[-1].path
    steps = [step for step in plan.body.children if step.path == last or computes(step)]
    names = {last: plan.network.output} | {name: name for name in plan.heads}
    made = []
    for layer in (*steps, *plan.heads.values()):
        outputs = {unit.path: unit.output for unit in layer.units() if is_map(unit)}
        if layer.path in names:
            outputs[names[layer.path]] = layer.output
        made.append(Row(layer, outputs))
    return tuple(made)


def computes(layer: Layer) -> bool:
    """Whether the layer does anything to a map in evaluation."""
    return not isinstance(layer.word, Flatten | Dropout)
