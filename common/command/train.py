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

# The options that are fields of the recipe, under the same names.
IN_RECIPE = (
    "network", "data", "classes", "epochs", "steps", "batch", "clip", "image_size", "seed", "aux",
    "dropout", "preprocess", "on_error", "dtype",
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
    overrides = {name: value for name, value in locals().items() if name in IN_RECIPE}
    how = options.make_how(framework, device, processes, tensorboard, plain)
    overrides |= {"weights": weights and str(weights), "schedule": {"kind": schedule}}
    resolved = resolve(recipe, overrides | {"optimizer": {"kind": optimizer, "lr": lr}})
    if print_recipe:
        print(to_toml(resolved), end="")
    elif out is None:
        raise UsageError("train needs --out RUN, the folder for the run")
    else:
        start(out, resolved, how, resume)


def resolve(path: Path | None, overrides: dict[str, Any]) -> Recipe:
    """The default recipe, overridden by the file and then by the command line.

    An option that was not given is None in `overrides` and has no effect.
    """
    file = read_table(path) if path else {}
    check_fields(str(path), file)
    parts = {part: given(overrides.pop(part, {})) for part in ("optimizer", "schedule")}
    overrides = given(overrides)
    chosen = DEFAULTS | file | overrides
    network(chosen["network"])  # rejects an unknown name before data is opened
    data = open_data(chosen["data"], chosen["val_split"])
    table = default_table(chosen["network"], data, chosen["aux"]) | file
    for part, options_given in parts.items():
        own = table.get(part, {})
        if options_given.get("kind", own.get("kind")) != own.get("kind"):
            own = {}  # a different kind has its own parameters
        if options_given:
            table[part] = own | options_given
    return to_recipe(str(path or "recipe"), table | overrides)


def given(overrides: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in overrides.items() if value is not None}
