"""The `bench` command: verifies that all contestants agree, then times them in turns."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from common.command import bench_report as report
from common.command import documents
from common.command.app import app
from common.command.curves import draw_rates
from common.command.options import AsJson, Device, Html, check_all, check_known, some_of
from common.command.outputs import check_outputs
from common.command.pages import write_page
from common.command.printable import print_line
from common.command.progress import progress
from common.command.show import print_table
from common.errors import UsageError
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import DEVICES
from common.networks import network
from common.spec.planner import make_plan
from common.tools.bench.benchmark import BenchOptions, plan_races, run_race
from common.tools.bench.layer_times import time_layers
from common.tools.bench.limits import product_rate
from common.tools.bench.results import Results
from common.tools.doctor import describe_machine
from common.tools.page.render import Page
from common.tools.page.speed import make_speed

LAYERS_BATCH = 16
NOT_ASKED = "use `googlenet compare --html FILE`"
# The options that --layers refuses; --sweep refuses the first two.
REFUSED = (
    *("--peers", "--quick", "--sweep", "--precision"),
    *("--csv", "--svg", "--html", "--device"),
)
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NETWORK]...", help="Time these networks [googlenet]."),
]
Peers = Annotated[bool, typer.Option("--peers", help="Also time other code for the same network.")]
Quick = Annotated[bool, typer.Option("--quick", help="Use batch size 1 only.")]
Sweep = Annotated[bool, typer.Option("--sweep", help="Time several batch and input sizes instead.")]
Layers = Annotated[bool, typer.Option("--layers", help="Time each layer instead.")]
Turns = Annotated[int, typer.Option(min=5, help="Time each contestant this many times.")]
Precisions = Annotated[
    list[str] | None,
    typer.Option(
        "--precision", metavar="float32|bfloat16", help="Compute in this type (repeatable)."
    ),
]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write the rows to this .csv file.")]
Svg = Annotated[Path | None, typer.Option("--svg", help="Draw the rates in this .svg file.")]


@app.command()
def bench(
    names: Names = None,
    framework: Annotated[list[str] | None, some_of(FRAMEWORKS, "all")] = None,
    baselines: Peers = False,
    quick: Quick = False,
    sweep: Sweep = False,
    layers: Layers = False,
    turns: Turns = 5,
    precision: Precisions = None,
    device: Device = "cpu",
    csv: Csv = None,
    svg: Svg = None,
    html: Html = None,
    json: AsJson = False,
) -> None:
    """Time the same work in every framework.

    The results are verified to agree first; the contestants then take turns.
    """
    frameworks = check_all("framework", framework or FRAMEWORKS, FRAMEWORKS)
    check_known("device", device, DEVICES)
    dtypes = check_all("precision", precision or ["float32"], ("float32", "bfloat16"))
    networks = names or ["googlenet"]
    if layers:
        refuse("--layers", baselines, quick, sweep, precision, csv, svg, html, device != "cpu")
        show_layers(networks, frameworks, json)
        return
    if sweep:
        refuse("--sweep", baselines, quick)
    check_outputs(csv, svg, html)
    options = BenchOptions(
        frameworks=frameworks, baselines=baselines, turns=turns, device=device, precisions=dtypes
    )
    rate = product_rate()  # before the races, when nothing else computes
    results = run_races(networks, options, rate, quick=quick, sweep=sweep, json=json)
    if results.rows:
        write_files(results, rate, csv, svg, html)
    results.raise_if_failed()


def refuse(option: str, *others: object) -> None:
    """Raises UsageError if any of REFUSED, whose values are `others`, is given with `option`."""
    given = [name for name, value in zip(REFUSED, others, strict=False) if value]
    if given:
        raise UsageError(f"{option} cannot be combined with {', '.join(given)}")


def write_files(
    results: Results, rate: float, csv: Path | None, svg: Path | None, html: Path | None
) -> None:
    """Writes the requested files; the page shows the first network that was timed."""
    if csv:
        report.write_csv(csv, results.rows)
    if svg:
        draw_rates(svg, results.rows)
    if html:
        name = results.rows[0].work.network
        document = report.bench_json(results, describe_machine(), rate)
        speed = make_speed(document, name, str(html))
        page = Page(make_plan(network(name)), reason=NOT_ASKED, speed=speed, part="speed")
        write_page(html, page)


def run_races(
    names: Sequence[str],
    options: BenchOptions,
    rate: float,
    *,
    quick: bool,
    sweep: bool,
    json: bool,
) -> Results:
    """Runs all races; prints each result when it is ready, or all results at the end as JSON."""
    races = list(plan_races(names, options, quick, sweep))  # rejects unknown names first
    machine, total = describe_machine(), Results()
    if not json:
        print(report.machine_text(machine))
    with progress() as report_progress:
        for works, own_options in races:
            one = run_race(works, own_options, report_progress)
            total.add(one)
            if not json:
                report.print_results(one, total.rows, rate, sweep)
    if json:
        documents.print_json(report.bench_json(total, machine, rate))
    elif not sweep:
        print(report.LEGEND, end="")
        if options.baselines:
            print(report.LIMIT, end="")
    return total


def show_layers(names: Sequence[str], frameworks: Sequence[str], json: bool) -> None:
    """Prints each layer's time in each framework, and its multiply-adds."""
    with progress() as report_progress:
        layers = {
            name: time_layers(name, frameworks, LAYERS_BATCH, report_progress) for name in names
        }
    if json:
        documents.print_json({name: list(map(asdict, rows)) for name, (rows, _) in layers.items()})
        return
    for name, (rows, missing) in layers.items():
        print(f"{name}, infer, batch {LAYERS_BATCH}: milliseconds, and G multiply-adds a second")
        print_table(report.layers_table(rows, LAYERS_BATCH))
        for error in missing:
            print_line(f"not timed: {error}")
