"""The verb `page`: a network, its numbers and every framework's answer in one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.options import Frameworks, Images, Name, check_known
from common.command.progress import progress
from common.data import images
from common.files.atomic import atomic_file
from common.jobs.compare import compare as compare_networks
from common.jobs.frameworks import COMPARED, FRAMEWORKS
from common.networks import network
from common.page.content import against as difference
from common.page.render import render
from common.planner import make_plan


@app.command()
def page(
    name: Name = "googlenet",
    out: Annotated[Path, typer.Option("--out", help="The .html to write.")] = Path("page.html"),
    against: Annotated[str | None, typer.Option(help="Another network, and what differs.")] = None,
    image: Images = None,
    framework: Frameworks = None,
) -> None:
    """One HTML file that shows a network, its numbers and every framework's answer."""
    made = network(name)
    plan = make_plan(network(name, aux=bool(made.heads)))
    other = difference(make_plan(made), make_plan(network(against))) if against else None
    frameworks = list(dict.fromkeys(framework or FRAMEWORKS))
    for each in frameworks:
        check_known("framework", each, COMPARED)
    with atomic_file(out) as temporary, progress() as say:
        files = image or images.photographs()
        x = images.batch(files, made.input, made.preprocess)
        names = [file.name for file in files]
        comparison = compare_networks(plan, x, names, frameworks, "float32", False, say)
        temporary.write_text(render(plan, comparison, other=other), encoding="utf-8")
    print(f"{out}: {name}, {out.stat().st_size / 1e6:.1f} MB")
