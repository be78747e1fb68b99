"""The options of `train`; what is not given stays as the recipe has it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from common.command.options import check_known
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import DEVICES, DTYPES


@dataclass(frozen=True)
class How:
    """What is no matter of the recipe: where and with what it is trained."""

    framework: str
    device: str = "cpu"
    processes: int = 1
    tensorboard: bool = False
    plain: bool = False


def make_how(framework: str, device: str, processes: int, tensorboard: bool, plain: bool) -> How:
    """The same, checked; raises UsageError for an unknown name."""
    check_known("framework", framework, FRAMEWORKS)
    check_known("device", device, DEVICES)
    return How(framework, device, processes, tensorboard, plain)


DataSource = Annotated[
    str | None,
    typer.Option("--data", metavar="digits|mnist:DIR|folder:DIR", help="The data set [digits]."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="RUN", help="The run's folder.")]
RunsFolder = Annotated[Path, typer.Option("--out", help="Where the runs of --train are kept.")]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="A recipe as TOML.")]
PrintRecipe = Annotated[bool, typer.Option("--print-recipe", help="And no more.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on in the run's folder.")]
Epochs = Annotated[int | None, typer.Option(help="How often every image is seen.")]
Steps = Annotated[int | None, typer.Option(help="Ends after so many steps.")]
BatchSize = Annotated[int | None, typer.Option("--batch", help="Images per step.")]
Rate = Annotated[float | None, typer.Option(help="The full learning rate.")]
OptimizerName = Annotated[str | None, typer.Option(help="sgd, nesterov, rmsprop, adam, adamw.")]
ScheduleName = Annotated[str | None, typer.Option(help="constant, steps, cosine.")]
Clip = Annotated[float | None, typer.Option(help="The largest norm of all gradients.")]
ImageSize = Annotated[int | None, typer.Option(help="Rows and columns.")]
Seed = Annotated[int | None, typer.Option(help="Of weights, order, augmentation, dropout.")]
Classes = Annotated[int | None, typer.Option(help="As many as the data has, or more.")]
StartWeights = Annotated[
    Path | None, typer.Option("--weights", help="Starts from these weights, of any kind.")
]
Aux = Annotated[bool | None, typer.Option("--aux/--no-aux", help="Auxiliary heads.")]
Dropout = Annotated[bool | None, typer.Option("--dropout/--no-dropout")]
OnError = Annotated[
    str | None,
    typer.Option(metavar="stop|skip", help="What to do about an image that cannot be read."),
]
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", "--precision", metavar="|".join(DTYPES), help="What to compute in."),
]
Processes = Annotated[
    int, typer.Option(min=1, help="So many on this machine, each with its share of a batch.")
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Event files in RUN, for TensorBoard, too.")
]
