"""The verb `train`: reads its options, resolves the recipe, and has the run trained."""

from pathlib import Path
from typing import Any

from common.command import training_options as options
from common.command.app import app
from common.command.go_on import start
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

# What the rest of the default recipe depends on.
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
    wishes = {name: value for name, value in locals().items() if name in IN_RECIPE}
    how = options.make_how(framework, device, processes, tensorboard, plain)
    wishes |= {"weights": weights and str(weights), "schedule": {"kind": schedule}}
    resolved = resolve(recipe, wishes | {"optimizer": {"kind": optimizer, "lr": lr}})
    if print_recipe:
        print(to_toml(resolved), end="")
    elif out is None:
        raise UsageError("train needs --out RUN, the folder that it is to fill")
    else:
        start(out, resolved, how, resume)


def resolve(path: Path | None, wishes: dict[str, Any]) -> Recipe:
    """The default recipe, then what the file says, then what the command line says.

    An option that was not given is None in `wishes`, and overrides nothing.
    """
    file = read_table(path) if path else {}
    check_fields(str(path), file)
    parts = {part: given(wishes.pop(part, {})) for part in ("optimizer", "schedule")}
    wishes = given(wishes)
    chosen = DEFAULTS | file | wishes
    network(chosen["network"])  # an unknown name is told before any data is looked for
    data = open_data(chosen["data"], chosen["val_split"])
    table = default_table(chosen["network"], data, chosen["aux"]) | file
    for part, options_given in parts.items():
        own = table.get(part, {})
        if options_given.get("kind", own.get("kind")) != own.get("kind"):
            own = {}  # another rule has numbers of its own
        if options_given:
            table[part] = own | options_given
    return to_recipe(str(path or "recipe"), table | wishes)


def given(wishes: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in wishes.items() if value is not None}
