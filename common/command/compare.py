"""The `compare` command: runs or trains one network in every framework, side by side."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from common.command import documents, show
from common.command import training_options as options
from common.command.app import app
from common.command.compare_images import compare_images
from common.command.compare_training import compare_training
from common.command.options import (
    AsJson,
    Aux,
    Html,
    Images,
    NameOrDefault,
    Plain,
    PreprocessName,
    check_all,
    check_known,
    some_of,
    with_preprocess,
)
from common.command.outputs import check_outputs
from common.command.pages import MAPS, with_reference, write_page
from common.command.printable import print_line
from common.command.resolve_recipe import resolve
from common.data import images
from common.errors import UsageError
from common.jobs.frameworks import ALL, COMPARED, FRAMEWORKS
from common.jobs.job import DTYPES
from common.networks import network
from common.spec.planner import make_plan
from common.tools.page.render import Page

Trains = Annotated[
    bool, typer.Option("--train", help="Train in each framework, and compare the runs.")
]


@app.command()
def compare(
    name: NameOrDefault = None,
    framework: Annotated[list[str] | None, some_of(COMPARED, "all installed")] = None,
    image: Images = None,
    preprocess: PreprocessName = None,
    dtype: options.Dtype = None,
    aux: Aux = False,
    plain: Plain = False,
    train: Trains = False,
    data: options.DataSource = None,
    recipe: options.RecipeFile = None,
    epochs: options.Epochs = None,
    steps: options.Steps = None,
    out: options.RunsFolder = None,
    html: Html = None,
    json: AsJson = False,
) -> None:
    """Compare a network across the frameworks."""
    known = FRAMEWORKS if train else COMPARED
    frameworks = check_all("framework", framework or installed(), known)
    check_known("dtype", dtype or "float32", DTYPES)
    overrides = {"data": data, "epochs": epochs, "steps": steps}
    check_task(train, [html, image], [recipe, out, *overrides.values()])
    if train:
        overrides |= {"network": name, "preprocess": preprocess, "dtype": dtype, "aux": aux or None}
        folder = out or Path("compare-train")
        compare_training(resolve(recipe, overrides), frameworks, folder, plain, json)
        return
    files = image or images.photographs()
    check_outputs(html, inputs=files)
    plan = make_plan(with_preprocess(network(name or "googlenet", aux=aux), preprocess))
    result = compare_images(plan, files, frameworks, dtype or "float32", plain, MAPS if html else 0)
    if html:
        shown = Page(plan, result, photographs=files, part="comparison")
        write_page(html, with_reference(shown))
    if json:
        documents.print_json(documents.comparison_json(result))
    else:
        show.print_comparison(result)
    result.raise_if_failed()


def installed() -> list[str]:
    """The frameworks that are installed; reports the others, or returns all if none is."""
    names = [name for name in FRAMEWORKS if find_spec(ALL[name].package)]
    for name in FRAMEWORKS:
        if names and name not in names:
            print_line(f"googlenet: {name} is not installed; skipped", sys.stderr)
    return names or list(FRAMEWORKS)


def check_task(train: bool, of_images: Sequence[object], of_runs: Sequence[object]) -> None:
    """Raises UsageError for training options without --train, or image options with it."""
    if train and any(of_images):
        raise UsageError("--train compares runs: leave out --html and --image")
    if not train and any(each is not None for each in of_runs):
        raise UsageError("--data, --recipe, --epochs, --steps and --out need --train")
