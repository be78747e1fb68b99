"""The `page` command: one HTML file with a network, its numbers and all frameworks' results."""

from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.compare import compare_images
from common.command.options import Frameworks, Images, Name, check_known
from common.command.outputs import check_outputs
from common.command.pages import MAPS, write_page
from common.command.printable import print_line
from common.command.progress import progress
from common.data import images
from common.jobs.frameworks import COMPARED, FRAMEWORKS
from common.tools.page.members import against as difference
from common.tools.page.members import whole
from common.tools.page.render import Page
from common.tools.page.speed import read_speed
from common.tools.page.training_curves import read_run

Bench = Annotated[
    Path | None, typer.Option("--bench", help="Include this output of `bench --json`.")
]

Runs = Annotated[
    list[Path] | None,
    typer.Option("--runs", metavar="RUN", help="Include this training run (repeatable)."),
]


@app.command()
def page(
    name: Name = "googlenet",
    out: Annotated[Path, typer.Option("--out", help="Write this .html file.")] = Path("page.html"),
    against: Annotated[
        str | None, typer.Option(help="Show the differences from this network.")
    ] = None,
    bench: Bench = None,
    runs: Runs = None,
    image: Images = None,
    framework: Frameworks = None,
) -> None:
    """Write a web page about a network.

    It is one HTML file, with the layers, their numbers and every framework's results.
    """
    plan = whole(name)
    other = difference(plan, whole(against)) if against else None
    frameworks = list(dict.fromkeys(framework or FRAMEWORKS))
    for each in frameworks:
        check_known("framework", each, COMPARED)
    files = image or images.photographs()
    check_outputs(out, inputs=[*files, bench])
    speed = read_speed(bench, name) if bench else None
    with progress() as report_progress:
        read = [read_run(folder, name, report_progress) for folder in runs or ()]
    comparison = compare_images(plan, files, frameworks, "float32", plain=False, kept=MAPS)
    write_page(out, Page(plan, comparison, photographs=files, other=other, runs=read, speed=speed))
    print_line(f"{out}: {name}, {out.stat().st_size / 1e6:.1f} MB")
    comparison.raise_if_failed()
