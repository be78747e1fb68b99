"""Compares every framework with the reference, on the same weights and images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import CheckFailed, MissingFramework, UserError
from common.files import weights
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import Report
from common.jobs.network_jobs import ForwardPass
from common.reference.numerics import relative_difference
from common.spec import Dropout, Flatten, Shape, shape_text
from common.spec.initial import initial_arrays
from common.spec.plan import Node, Plan
from common.tools.analysis.branches import branches_of

# The largest allowed difference between a layer and the reference, relative to the layer's
# largest value. bfloat16 has 8 significant bits, and a network rounds to them again and again:
# the largest difference seen was 0.026, in Inception v4.
TOLERANCES = {"bfloat16": 5e-2, "float32": 1e-5, "float64": 1e-12}


@dataclass(frozen=True)
class Row:
    """A layer of the body or a head, with the names and shapes of its compared outputs."""

    node: Node
    outputs: dict[str, Shape]


@dataclass
class FrameworkResult:
    """The result of one framework: its worker's report or its error, and how it compares.

    `shapes` and `differences` have the shape of each output and its difference from the reference;
    `maps` has the kept channels of the first image's feature maps, and `logits` the output.
    """

    report: Report | None = None
    error: UserError | None = None
    shapes: dict[str, Shape] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    maps: Arrays = field(default_factory=dict)
    logits: NDArray = field(default_factory=lambda: np.empty(0))

    def difference(self, row: Row) -> float:
        """The largest difference among the row's outputs."""
        return float(np.max([self.differences[name] for name in row.outputs]))

    def wrong_shapes(self, row: Row) -> dict[str, Shape]:
        """The row's outputs whose shape differs from the plan, with that shape."""
        return {
            name: self.shapes[name]
            for name, shape in row.outputs.items()
            if self.shapes[name] != shape
        }


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The results of every framework and of the reference, row by row.

    If feature maps are kept, `channels` lists the channels that are kept of each row, and `maps`
    has the reference's values in these channels for the first image.
    """

    plan: Plan
    dtype: str
    images: tuple[str, ...]
    rows: tuple[Row, ...]
    reference: Report
    results: dict[str, FrameworkResult]
    channels: Arrays = field(default_factory=dict)
    maps: Arrays = field(default_factory=dict)
    logits: NDArray = field(default_factory=lambda: np.empty(0))

    @property
    def tolerance(self) -> float:
        """The largest relative difference that passes."""
        return TOLERANCES[self.dtype]

    def failures(self) -> list[str]:
        """Every failed check, one per line."""
        return [
            f"{name}: {failure}"
            for name, result in self.results.items()
            for failure in self.failures_of(name, result)
        ]

    def failures_of(self, framework: str, result: FrameworkResult) -> list[str]:
        """Every failed check of one framework."""
        if result.error or not result.report:
            return [str(result.error).removeprefix(f"{framework}: ")]
        lines = []
        total = self.plan.parameter_count
        if result.report.parameters != total:
            lines.append(f"counts {result.report.parameters:,} parameters, not {total:,}")
        for row in self.rows:
            wrong = result.wrong_shapes(row)
            for name, shape in wrong.items():
                planned = shape_text(row.outputs[name])
                lines.append(f"{name} is {shape_text(shape)}, not {planned}")
            difference = result.difference(row)
            if not wrong and not difference <= self.tolerance:
                lines.append(f"{row.node.path} differs by {difference:.1e}")
        return lines

    def raise_if_failed(self) -> None:
        """Raises CheckFailed if a check failed.

        Raises MissingFramework instead if missing frameworks are the only failures.
        """
        errors = [result.error for result in self.results.values() if result.error]
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
    frameworks: Sequence[str] = FRAMEWORKS,
    dtype: str = "float32",
    plain: bool = False,
    report_progress: Callable[[str, str], None] = lambda *_: None,
    kept: int = 0,
    arrays: Arrays | None = None,
) -> Comparison:
    """Runs the reference, then each framework in turn, on the same weights and images.

    The weights are `arrays`, or else drawn with seed 0, biases and running statistics as well. `x`
    is a batch N x C x H x W of the `images`. `report_progress` is called with a framework's name
    and its status. If `kept` is not 0, the strongest channel of each branch is kept, and the `kept`
    strongest ones of a layer without branches. Raises UserError if the reference cannot run.
    """
    with scratch_folder() as folder:
        given = arrays or initial_arrays(plan, seed=0, random_stats=True)
        job = prepare_job(plan, given, x, folder, dtype, plain)
        report_progress("numpy", "computing the reference results in float64")
        reference = call(job)
        rows = make_rows(plan)
        channels, results = strongest_channels(rows, reference.arrays, kept), {}
        for framework in frameworks:
            report_progress(framework, "computing")
            own = replace(job, framework=framework)
            results[framework] = compare_one(own, reference.arrays, channels, plan.spec.output)
    return Comparison(
        plan=plan,
        dtype=dtype,
        images=tuple(images),
        rows=rows,
        reference=replace(reference, arrays={}),
        results=results,
        channels=channels,
        maps=keep_maps(reference.arrays, channels),
        logits=reference.arrays[plan.spec.output],
    )


def prepare_job(
    plan: Plan, arrays: Arrays, x: NDArray, folder: Path, dtype: str, plain: bool
) -> ForwardPass:
    """Writes the weights and images into the folder; returns the reference's job for them.

    The frameworks' jobs differ from it in nothing but `framework`.
    """
    weights_file, input_file = folder / "w.safetensors", folder / "x.npy"
    weights.write(weights_file, arrays, plan)
    np.save(input_file, x)
    return ForwardPass(
        framework="numpy",
        network=plan.spec.name,
        weights=str(weights_file),
        input=str(input_file),
        endpoints="units",
        dtype=dtype,
        aux=plan.spec.aux,
        plain=plain,
    )


def strongest_channels(rows: Sequence[Row], arrays: Arrays, count: int) -> Arrays:
    """The channels of each row to keep, by their means for the first image.

    They are the strongest one of each branch, or the `count` strongest ones without branches.
    """
    paths = {row.node.path: row.node for row in rows if row.node.is_map and count}
    return {path: strongest(node, arrays[path][0], count) for path, node in paths.items()}


def strongest(layer: Node, maps: NDArray, count: int) -> NDArray[np.intp]:
    """The channels of one layer to keep."""
    means = maps.mean(axis=(1, 2))
    branches = branches_of(layer)
    if len(branches) == 1:
        return np.argsort(-means, kind="stable")[:count]
    return np.array([b.first + means[b.first : b.last].argmax() for b in branches])


def keep_maps(arrays: Arrays, channels: Arrays) -> Arrays:
    """Copies of these channels of the first image's feature maps."""
    return {path: arrays[path][0, numbers].copy() for path, numbers in channels.items()}


def compare_one(
    job: ForwardPass, expected: Arrays, channels: Arrays, output: str
) -> FrameworkResult:
    """Runs one framework and compares its arrays with those of the reference."""
    try:
        report = call(job)
    except UserError as error:
        return FrameworkResult(error=error)
    result = FrameworkResult(replace(report, arrays={}))
    for name, array in expected.items():
        result.shapes[name] = report.arrays[name].shape[1:]
        result.differences[name] = relative_difference(report.arrays[name], array)
    equal = {p: c for p, c in channels.items() if report.arrays[p].shape == expected[p].shape}
    result.maps, result.logits = keep_maps(report.arrays, equal), report.arrays[output]
    return result


def make_rows(plan: Plan) -> tuple[Row, ...]:
    """The rows of a comparison: the body's computing layers and its last layer, then the heads."""
    last = plan.body.children[-1].path
    layers = [n for n in plan.body.children if n.path == last or computes(n)]
    rows, names = [], {last: plan.spec.output} | {name: name for name in plan.heads}
    for node in (*layers, *plan.heads.values()):
        outputs = {unit.path: unit.output for unit in node.units() if unit.is_map}
        if node.is_vector and node.path not in names:
            outputs[node.path] = node.output
        if node.path in names:
            outputs[names[node.path]] = node.output
        rows.append(Row(node, outputs))
    return tuple(rows)


def computes(node: Node) -> bool:
    """Whether the node computes anything in evaluation mode, unlike flatten and dropout."""
    return not isinstance(node.layer, Flatten | Dropout)
