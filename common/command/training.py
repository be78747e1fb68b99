"""The verbs about training: each reads its options, starts a worker, shows what came of it."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from common.command import documents
from common.command.app import app
from common.command.options import AsJson, Framework, check_known
from common.command.progress import follow
from common.command.scores import print_scores
from common.data.sources import open_data
from common.errors import Interrupted, UsageError
from common.files import weights as weights_files
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import Evaluate, Train
from common.jobs.worker import call
from common.networks import network
from common.training.defaults import default_table
from common.training.folder import begin, open_run, plan_of, read_recipe
from common.training.recipe import Recipe
from common.training.recipe_file import read_table, to_recipe, to_toml
from common.zoo.convert import start_from

GRACE_SECONDS = 120.0
Data = Annotated[str, typer.Option(metavar="digits|mnist:DIR|folder:DIR", help="What to learn.")]
RunFolder = Annotated[Path | None, typer.Option("--out", metavar="RUN", help="The run's folder.")]


@app.command()
def train(
    name: Annotated[str, typer.Argument(metavar="NETWORK")],
    framework: Framework,
    data: Data = "digits",
    out: RunFolder = None,
    recipe: Annotated[Path | None, typer.Option(help="A recipe as TOML.")] = None,
    print_recipe: Annotated[bool, typer.Option("--print-recipe", help="And no more.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on in the run's folder.")] = False,
    epochs: Annotated[int | None, typer.Option(help="How often every image is seen.")] = None,
    steps: Annotated[int | None, typer.Option(help="Ends after so many steps.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images per step.")] = None,
    lr: Annotated[float | None, typer.Option(help="The full learning rate.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="sgd, nesterov, rmsprop, adam, adamw.")
    ] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, steps, cosine.")] = None,
    clip: Annotated[float | None, typer.Option(help="The largest norm of all gradients.")] = None,
    image_size: Annotated[int | None, typer.Option(help="Rows and columns.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights, order, augmentation, dropout.")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Starts from these weights.")] = None,
    aux: Annotated[bool | None, typer.Option("--aux/--no-aux", help="Auxiliary heads.")] = None,
    dropout: Annotated[bool | None, typer.Option("--dropout/--no-dropout")] = None,
    dtype: Annotated[str | None, typer.Option(metavar="float32|float64")] = None,
) -> None:
    """Trains a network; the same command with --resume goes on where it was stopped."""
    check_known("framework", framework, FRAMEWORKS)
    wishes: dict[str, Any] = {
        "network": name, "data": data, "epochs": epochs, "steps": steps, "batch": batch,
        "clip": clip, "image_size": image_size, "seed": seed, "aux": aux, "dropout": dropout,
        "dtype": dtype, "weights": str(weights) if weights else None,
    }  # fmt: skip
    wishes["schedule"] = {"kind": schedule} if schedule else None
    resolved = resolve(recipe, wishes | {"optimizer": {"kind": optimizer, "lr": lr}})
    if print_recipe:
        print(to_toml(resolved), end="")
    else:
        start(out, resolved, framework, resume)


def start(out: Path | None, recipe: Recipe, framework: str, resume: bool) -> None:
    """Begins a run, or finds it, and trains it."""
    if out is None:
        raise UsageError("train needs --out RUN, the folder that it is to fill")
    if resume:
        check_same(out, recipe)
    else:
        begin(out, recipe, starting_weights(recipe))
    go_on(out, framework)


def resolve(path: Path | None, wishes: dict[str, Any]) -> Recipe:
    """The default recipe, then what the file says, then what the command line says."""
    file = read_table(path) if path else {}
    network(wishes["network"])
    table = default_table(wishes["network"], open_data(wishes["data"], file.get("val_split", 0.2)))
    table |= file
    rule = {name: value for name, value in wishes.pop("optimizer").items() if value is not None}
    if rule.get("kind", table["optimizer"].get("kind")) != table["optimizer"].get("kind"):
        table["optimizer"] = {}  # another rule has a rate of its own
    table["optimizer"] = table["optimizer"] | rule
    table |= {name: value for name, value in wishes.items() if value is not None}
    return to_recipe(str(path or "recipe"), table)


def check_same(out: Path, recipe: Recipe) -> None:
    """Raises UsageError unless the run is of this recipe."""
    own, asked = asdict(read_recipe(out)), asdict(recipe)
    odd = [name for name in asked if own[name] != asked[name]]
    if odd:
        raise UsageError(
            f"{out}: a run with {odd[0]} = {own[odd[0]]!r}, and asked for is {asked[odd[0]]!r}; "
            "resume with the options it was begun with"
        )


def starting_weights(recipe: Recipe) -> dict:
    """The arrays that training starts from, if weights were given."""
    if not recipe.weights:
        return {}
    path, plan = Path(recipe.weights), plan_of(recipe)
    if path.suffix == ".safetensors":
        arrays, about = weights_files.read(path)
        if weights_files.count_classes(str(path), arrays, plan.network) == recipe.classes:
            return weights_files.fit(str(path), arrays, about, plan)
    trunk, line = start_from(path, plan)
    print(line, file=sys.stderr)
    return trunk


def go_on(out: Path, framework: str) -> None:
    """Trains the run in a worker and shows how it goes."""
    for line in open_run(out)[1]:
        print(f"googlenet: passed over {line}", file=sys.stderr)
    try:
        with follow(out / "metrics.jsonl") as watch:
            report = call(Train(framework, str(out)), float("inf"), watch, GRACE_SECONDS)
    except Interrupted:
        print(f"{out}: stopped; the same command with --resume goes on", file=sys.stderr)
        raise
    print(f"{out}: {int(report.arrays['step'])} steps done; weights in {out}/checkpoints")


@app.command()
def evaluate(
    source: Annotated[Path, typer.Argument(metavar="RUN_OR_WEIGHTS")],
    data: Data = "digits",
    framework: Framework = "pytorch",
    name: Annotated[
        str | None, typer.Option("--network", help="If the weights do not say.")
    ] = None,
    json: AsJson = False,
) -> None:
    """The scores on a data set's test split; of a run its best weights are taken."""
    check_known("framework", framework, FRAMEWORKS)
    share = 0.2
    if source.is_dir():
        share = read_recipe(source).val_split
        source = source / "checkpoints" / "best.safetensors"
    name = name or weights_files.read(source)[1].get("network")
    if not name:
        raise UsageError(f"{source} does not say which network it is of; give --network")
    scores = call(Evaluate(framework, name, str(source), data, share)).arrays
    if json:
        documents.print_json({name: value.tolist() for name, value in scores.items()})
    else:
        print_scores(scores, open_data(data, share).classes)
