"""The `page` command: one HTML file with a network, its numbers and all frameworks' results."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from common.arrays import Arrays
from common.command.app import app
from common.command.compare_images import compare_images
from common.command.options import Images, NameOrDefault, check_all, some_of
from common.command.outputs import check_outputs
from common.command.pages import (
    MAPS,
    trained_plan,
    with_gradients,
    with_reference,
    write_diagram,
    write_page,
)
from common.command.printable import print_line
from common.command.progress import progress
from common.command.trained import open_trained
from common.data import images
from common.errors import UsageError
from common.files.scratch import scratch_folder
from common.jobs.frameworks import COMPARED, FRAMEWORKS
from common.spec.plan import Plan
from common.tools.page.network_pair import network_pair, whole
from common.tools.page.render import Page
from common.tools.page.speed import read_speed
from common.tools.page.trained_part import Weights
from common.tools.page.training_curves import read_run

Bench = Annotated[
    Path | None, typer.Option("--bench", help="Include this output of `bench --json`.")
]

Out = Annotated[
    Path, typer.Option("--out", help="Write this .html file; if .svg, only the diagram.")
]
Runs = Annotated[
    list[Path] | None,
    typer.Option("--runs", metavar="RUN", help="Include this training run (repeatable)."),
]


WeightsOption = Annotated[
    Path | None, typer.Option("--weights", metavar="FILE|RUN", help="Show these trained weights.")
]
Against = Annotated[str | None, typer.Option(help="Show the differences from this network.")]


@app.command()
def page(
    name: NameOrDefault = None,
    out: Out = Path("page.html"),
    against: Against = None,
    weights: WeightsOption = None,
    bench: Bench = None,
    runs: Runs = None,
    image: Images = None,
    framework: Annotated[list[str] | None, some_of(COMPARED, "all but onnx")] = None,
) -> None:
    """Write a web page about a network.

    It is one HTML file, with the layers, their numbers and every framework's results.
    """
    frameworks = check_all("framework", framework or FRAMEWORKS, COMPARED)
    files = image or images.photographs()
    plan, arrays, trained = open_plan(weights, name)
    other = network_pair(plan, whole(against)) if against else None
    check_outputs(out, inputs=[*files, bench])
    if out.suffix == ".svg":
        if any((against, weights, bench, runs, framework)):
            raise UsageError(
                f"{out}: an .svg holds only the diagram; omit --against, --weights, --bench, "
                "--runs and -f"
            )
        write_diagram(out, plan, files[0])
        return
    speed = read_speed(bench, plan.spec.name) if bench else None
    with progress() as report_progress:
        read = [read_run(folder, plan.spec.name, report_progress) for folder in runs or ()]
    comparison = compare_images(plan, files, frameworks, "float32", False, MAPS, arrays)
    shown = Page(plan, comparison, photographs=files, other=other, runs=read, speed=speed)
    shown = with_gradients(with_reference(replace(shown, weights=trained), arrays), frameworks)
    write_page(out, shown)
    print_line(f"{out}: {plan.spec.name}, {out.stat().st_size / 1e6:.1f} MB")
    comparison.raise_if_failed()


def open_plan(source: Path | None, name: str | None) -> tuple[Plan, Arrays | None, Weights | None]:
    """The plan of a network, and its trained weights if `source` has any."""
    if source is None:
        return whole(name or "googlenet"), None, None
    with scratch_folder() as box:
        return trained_plan(open_trained(source, name, None, box))
