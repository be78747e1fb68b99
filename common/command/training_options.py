"""The options of `train`; an option that is not given leaves the recipe unchanged."""

from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, get_args

import typer

from common.command.options import check_known, one_of
from common.data.sources import SOURCES
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import DEVICES, DTYPES
from common.training.recipe import Optimizer, Schedule


def kinds(rules: UnionType) -> list[str]:
    """The `kind` of each of these optimizers or schedules, as recipes call it."""
    return [rule.kind for rule in get_args(rules)]


@dataclass(frozen=True, kw_only=True)
class How:
    """The training options outside the recipe: where, and with which framework, it is trained."""

    framework: str
    device: str = "cpu"
    processes: int = 1
    tensorboard: bool = False
    plain: bool = False


def make_how(framework: str, device: str, processes: int, tensorboard: bool, plain: bool) -> How:
    """These options, checked; raises UsageError for an unknown name."""
    check_known("framework", framework, FRAMEWORKS)
    check_known("device", device, DEVICES)
    return How(
        framework=framework,
        device=device,
        processes=processes,
        tensorboard=tensorboard,
        plain=plain,
    )


Framework = Annotated[str, one_of(FRAMEWORKS, "Train with this framework.")]
DataSource = Annotated[
    str | None,
    typer.Option("--data", metavar="|".join(SOURCES), help="Use this data set [digits]."),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="RUN", help="Write the run to this folder.")
]
RunsFolder = Annotated[
    Path | None,
    typer.Option("--out", help="Write the runs here [compare-train]."),
]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="Read this recipe (TOML).")]
PrintRecipe = Annotated[
    bool, typer.Option("--print-recipe", help="Print the resolved recipe and exit.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Resume the run in the folder --out.")]
Epochs = Annotated[int | None, typer.Option(help="Set the number of epochs.")]
Steps = Annotated[int | None, typer.Option(help="Train for this many steps, not epochs.")]
BatchSize = Annotated[
    int | None, typer.Option("--batch", help="Set the number of images per step.")
]
Rate = Annotated[float | None, typer.Option(help="Set the base learning rate, after warm-up.")]
OptimizerName = Annotated[
    str | None, typer.Option(metavar="|".join(kinds(Optimizer)), help="Choose the optimizer.")
]
ScheduleName = Annotated[
    str | None,
    typer.Option(metavar="|".join(kinds(Schedule)), help="Choose the learning-rate schedule."),
]
Clip = Annotated[float | None, typer.Option(help="Clip the global gradient norm to this value.")]
ImageSize = Annotated[int | None, typer.Option(help="Resize images to this height and width.")]
Seed = Annotated[int | None, typer.Option(help="Seed all random numbers of the run.")]
Classes = Annotated[int | None, typer.Option(help="Set the number of classes [the data's].")]
StartWeights = Annotated[
    Path | None, typer.Option("--weights", help="Start from a checkpoint (any format) or run.")
]
Freeze = Annotated[
    str | None,
    typer.Option(metavar="backbone|PATTERNS", help="Freeze the backbone, or the matching layers."),
]
Aux = Annotated[
    bool | None, typer.Option("--aux/--no-aux", help="Train with the auxiliary classifiers.")
]
Dropout = Annotated[bool | None, typer.Option("--dropout/--no-dropout", help="Train with dropout.")]
OnError = Annotated[
    str | None,
    typer.Option(metavar="stop|skip", help="Stop at, or skip, unreadable images."),
]
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", "--precision", metavar="|".join(DTYPES), help="Compute in this type."),
]
Processes = Annotated[int, typer.Option(min=1, help="Share each batch between local processes.")]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Also write TensorBoard event files to RUN.")
]
