"""The `train` command: reads its options, resolves the recipe and trains the run."""

from typing import Any

from common.command import training_options as options
from common.command.app import app
from common.command.begin_or_resume import start
from common.command.options import Device, Name, Plain, PreprocessName
from common.command.resolve_recipe import resolve
from common.errors import UsageError
from common.training.recipe_file import to_toml

# The options that are fields of the recipe, under the same names.
IN_RECIPE = (
    "network", "data", "classes", "epochs", "steps", "batch", "clip", "image_size", "seed",
    "freeze", "aux", "dropout", "preprocess", "on_error", "dtype",
)  # fmt: skip


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
    overrides = recipe_fields(locals())
    how = options.make_how(framework, device, processes, tensorboard, plain)
    resolved = resolve(recipe, overrides, run=out if resume else None)
    if print_recipe:
        print(to_toml(resolved), end="")
    elif out is None:
        raise UsageError("train needs --out RUN, the folder for the run")
    else:
        start(out, resolved, how, resume)


def recipe_fields(options_given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the recipe that the command's options set; None if an option was not given."""
    fields = {name: options_given[name] for name in IN_RECIPE}
    weights, rate = options_given["weights"], options_given["lr"]
    return fields | {
        "weights": weights and str(weights),
        "optimizer": {"kind": options_given["optimizer"], "lr": rate},
        "schedule": {"kind": options_given["schedule"]},
    }
