"""The verb `bench`: the same work in every framework, proved to be the same, timed in turns."""

from pathlib import Path
from typing import Annotated

import typer

from common.bench.bench import Wishes, plan_races, run_race
from common.bench.rows import Results
from common.command import bench_report as report
from common.command import documents
from common.command.app import app
from common.command.curves import draw_rates
from common.command.options import AsJson, Device, Frameworks, check_known
from common.command.progress import progress
from common.jobs.doctor import describe_machine
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import DEVICES

Names = Annotated[list[str] | None, typer.Argument(metavar="[NETWORK]...")]
Turns = Annotated[int, typer.Option(min=5, help="How often each side is timed.")]


@app.command()
def bench(
    names: Names = None,
    framework: Frameworks = None,
    peers: Annotated[bool, typer.Option("--peers", help="Others' code for it, too.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="One image at a time alone.")] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Instead, how the cost grows with batch and size.")
    ] = False,
    turns: Turns = 5,
    device: Device = "cpu",
    csv: Annotated[Path | None, typer.Option(help="A .csv to write.")] = None,
    svg: Annotated[Path | None, typer.Option(help="A plot to write.")] = None,
    json: AsJson = False,
) -> None:
    """The same work in every framework, proved to be the same, then timed in turns."""
    frameworks = tuple(dict.fromkeys(framework or FRAMEWORKS))
    for each in frameworks:
        check_known("framework", each, FRAMEWORKS)
    check_known("device", device, DEVICES)
    wishes = Wishes(frameworks, peers=peers, turns=turns, device=device)
    races = list(plan_races(names or ["googlenet"], wishes, quick, sweep))
    machine, total = describe_machine(), Results()
    if not json:
        print(report.machine_text(machine))
    with progress() as say:
        for works, those in races:
            found = run_race(works, those, say)
            total.add(found)
            if not json:
                report.print_results(found, sweep)
    if json:
        documents.print_json(report.bench_json(total, machine))
    elif not sweep:
        print(report.LEGEND, end="")
    if csv:
        report.write_csv(csv, total.rows)
    if svg:
        draw_rates(svg, total.rows)
    total.raise_if_failed()
