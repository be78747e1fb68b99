"""The `train` command: reads its options, resolves the recipe and trains the run."""

from pathlib import Path
from typing import Any

from common.command import training_options as options
from common.command.app import app
from common.command.begin_or_resume import start
from common.command.options import Device, Name, Plain, PreprocessName
from common.data.sources import open_data
from common.errors import UsageError
from common.networks import network
from common.training.defaults import default_table
from common.training.recipe import Recipe
from common.training.recipe_file import check_fields, read_table, to_recipe, to_toml
from common.training.resumed import resumed

# The options that are fields of the recipe, under the same names.
IN_RECIPE = (
    "network", "data", "classes", "epochs", "steps", "batch", "clip", "image_size", "seed",
    "freeze", "aux", "dropout", "preprocess", "on_error", "dtype",
)  # fmt: skip

# Defaults of the fields on which the rest of the default recipe depends.
DEFAULTS: dict[str, Any] = {
    "network": "googlenet",
    "data": "digits",
    "val_split": 0.2,
    "aux": False,
}


@app.command()
def train(
    network: Name,
    framework: options.Framework,
    data: options.DataSource = None,
    out: options.Out = None,
    recipe: options.RecipeFile = None,
    print_recipe: options.PrintRecipe = False,
    resume: options.Resume = False,
    epochs: options.Epochs = None,
    steps: options.Steps = None,
    batch: options.BatchSize = None,
    lr: options.Rate = None,
    optimizer: options.OptimizerName = None,
    schedule: options.ScheduleName = None,
    clip: options.Clip = None,
    image_size: options.ImageSize = None,
    seed: options.Seed = None,
    classes: options.Classes = None,
    weights: options.StartWeights = None,
    freeze: options.Freeze = None,
    aux: options.Aux = None,
    dropout: options.Dropout = None,
    preprocess: PreprocessName = None,
    on_error: options.OnError = None,
    dtype: options.Dtype = None,
    device: Device = "auto",
    processes: options.Processes = 1,
    tensorboard: options.TensorBoard = False,
    plain: Plain = False,
) -> None:
    """Train a network; --resume continues a stopped run."""
    overrides = fields_of(locals())
    how = options.make_how(framework, device, processes, tensorboard, plain)
    resolved = resolve(recipe, overrides, run=out if resume else None)
    if print_recipe:
        print(to_toml(resolved), end="")
    elif out is None:
        raise UsageError("train needs --out RUN, the folder for the run")
    else:
        start(out, resolved, how, resume)


def fields_of(options_given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the recipe that the command's options set; None if an option was not given."""
    fields = {name: options_given[name] for name in IN_RECIPE}
    weights, rate = options_given["weights"], options_given["lr"]
    return fields | {
        "weights": weights and str(weights),
        "optimizer": {"kind": options_given["optimizer"], "lr": rate},
        "schedule": {"kind": options_given["schedule"]},
    }


def resolve(path: Path | None, overrides: dict[str, Any], run: Path | None = None) -> Recipe:
    """The default recipe, overridden by the file and then by the command line.

    With a `run` to resume, its own recipe is returned, which must agree with both. An option that
    was not given is None in `overrides` and has no effect.
    """
    file, overrides = read_fields(path), typed(overrides)
    if run:
        return resumed(run, file | overrides)
    sections = {section: overrides.pop(section, {}) for section in ("optimizer", "schedule")}
    chosen = DEFAULTS | file | overrides
    network(chosen["network"])  # rejects an unknown name before data is opened
    data = open_data(chosen["data"], chosen["val_split"])
    table = default_table(chosen["network"], data, chosen["aux"]) | file
    for section, options_given in sections.items():
        own = table.get(section, {})
        if options_given.get("kind", own.get("kind")) != own.get("kind"):
            own = {}  # a different kind has its own parameters
        if options_given:
            table[section] = own | options_given
    return to_recipe(str(path or "recipe"), table | overrides)


def read_fields(path: Path | None) -> dict[str, Any]:
    """The fields in a recipe's file, if one was given."""
    table = read_table(path) if path else {}
    check_fields(str(path), table)
    return table


def typed(overrides: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, in sections as well."""
    sections = {name: typed(value) for name, value in overrides.items() if isinstance(value, dict)}
    return {
        name: value for name, value in (overrides | sections).items() if value not in (None, {})
    }
