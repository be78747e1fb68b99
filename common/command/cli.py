"""The command `googlenet`: each verb reads its options, calls one function, shows the outcome."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from common.command import documents, show
from common.command.progress import progress
from common.data import images
from common.errors import DataError, UsageError
from common.files import weights
from common.files.atomic import written_whole
from common.initial import initial
from common.jobs import doctor as doctors
from common.jobs.compare import compare as compare_networks
from common.jobs.job import DTYPES, FRAMEWORKS, ROOMS, Job
from common.jobs.worker import call
from common.networks import NETWORKS, network
from common.plan import Plan, plan
from common.spec import Shape
from common.zoo.convert import convert as convert_file

app = typer.Typer(
    name="googlenet",
    help="GoogLeNet in PyTorch, Keras and Paddle, and the proof that it is the same.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(metavar="NETWORK", help="A name from `googlenet list`.")]
Input = Annotated[
    str, typer.Option(metavar="CxHxW", help="Input size; as published where not given.")
]
Classes = Annotated[int | None, typer.Option(help="Number of classes; 0 for the features.")]
Aux = Annotated[bool, typer.Option("--aux", help="With the auxiliary heads.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Dtype = Annotated[str, typer.Option(metavar="float32|float64", help="What to compute in.")]
Framework = Annotated[
    str, typer.Option("-f", "--framework", metavar="FRAMEWORK", help=", ".join(ROOMS))
]
WeightsFile = Annotated[Path, typer.Option("--weights", help="A .safetensors weights file.")]
Batch = Annotated[Path, typer.Option("--input", help="A .npy batch, N x C x H x W.")]
DST_HELP = "What to write: .safetensors, .pth, .pdparams, .weights.h5, .ckpt."
Out = Annotated[Path, typer.Option("--out", help="The .npz to write.")]


@app.command("list")
def list_networks(json: AsJson = False) -> None:
    """Every network: origin, input, parameters, multiply-adds."""
    plans = [plan(network(name)) for name in NETWORKS]
    if json:
        documents.print_json([documents.totals_json(each) for each in plans])
    else:
        show.console().print(show.list_table(plans))


@app.command()
def summary(
    name: Name,
    input: Input = "",
    classes: Classes = None,
    aux: Aux = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Where the parameters are, and whose count it is.")
    ] = False,
    json: AsJson = False,
) -> None:
    """The layer table, worked out without any framework."""
    laid_out = plan(network(name, size(input), classes, aux))
    if explain and json:
        raise UsageError("--explain and --json do not go together; give one of them")
    if explain:
        show.print_ledger(headed_plan(name, size(input), classes))
    elif json:
        documents.print_json(documents.summary_json(laid_out))
    else:
        show.console().print(show.summary_table(laid_out))
        print(show.totals_lines(laid_out))


@app.command()
def compare(
    name: Name = "googlenet",
    framework: Annotated[
        list[str] | None,
        typer.Option(
            "-f", "--framework", metavar="FRAMEWORK", help="May be repeated; all if not given."
        ),
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(help="A JPEG or PNG; may be repeated; two photographs if not given."),
    ] = None,
    dtype: Dtype = "float32",
    aux: Aux = False,
    json: AsJson = False,
) -> None:
    """The main job: the same weights and images through every framework, side by side."""
    frameworks = list(dict.fromkeys(framework or FRAMEWORKS))
    for each in frameworks:
        known("framework", each, FRAMEWORKS)
    known("dtype", dtype, DTYPES)
    laid_out = plan(network(name, aux=aux))
    files = image or images.photographs()
    x = images.batch(files, laid_out.network.input)
    with progress() as say:
        names = [file.name for file in files]
        comparison = compare_networks(laid_out, x, names, frameworks, dtype, say)
    if json:
        documents.print_json(documents.comparison_json(comparison))
    else:
        show.print_comparison(comparison)
    comparison.raise_if_failed()


@app.command()
def init(
    name: Name,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same weights.")],
    out: Annotated[Path, typer.Option(help="The .safetensors to write.")],
    input: Input = "",
    classes: Classes = None,
    aux: Aux = False,
    random_stats: Annotated[
        bool, typer.Option("--random-stats", help="Draw biases and statistics too.")
    ] = False,
) -> None:
    """Seeded weights, drawn in NumPy, so the same for every framework."""
    laid_out = plan(network(name, size(input), classes, aux))
    weights.write(out, initial(laid_out, seed, random_stats), laid_out)


@app.command()
def run(
    name: Name,
    framework: Framework,
    weights: WeightsFile,
    input: Batch,
    out: Out,
    endpoints: Annotated[
        str, typer.Option(metavar="all|NAME,...", help="The layers whose outputs are kept.")
    ] = "all",
    dtype: Dtype = "float32",
    aux: Aux = False,
) -> None:
    """One forward pass in evaluation mode; one array an endpoint, and `logits`."""
    known("framework", framework, tuple(ROOMS))
    known("dtype", dtype, DTYPES)
    check_not_input(out, weights, input)
    if endpoints == "units" or not endpoints.strip(", "):
        raise UsageError("--endpoints is `all` or names of layers, as inception3a,inception3b")
    files = {"weights": str(weights), "input": str(input)}
    job = Job("run", framework, name, **files, endpoints=endpoints, dtype=dtype, aux=aux)
    write_arrays(out, call(job)[0])


@app.command()
def grad(
    name: Name,
    framework: Framework,
    weights: WeightsFile,
    input: Batch,
    labels: Annotated[Path, typer.Option(help="A .npy of N class numbers.")],
    out: Out,
    dtype: Dtype = "float32",
    aux: Aux = False,
) -> None:
    """The training loss without dropout, and its gradient by every parameter."""
    known("framework", framework, FRAMEWORKS)
    known("dtype", dtype, DTYPES)
    check_not_input(out, weights, input, labels)
    files = {"weights": str(weights), "input": str(input), "labels": str(labels)}
    job = Job("grad", framework, name, **files, endpoints="", dtype=dtype, aux=aux)
    write_arrays(out, call(job)[0])


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A checkpoint of any kind.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help=DST_HELP)],
    network: Annotated[str, typer.Option(help="A name from `googlenet list`.")],
    asked_from: Annotated[
        str | None, typer.Option("--from", metavar="ZOO", help="SRC's layout, if not recognised.")
    ] = None,
    asked_to: Annotated[
        str | None, typer.Option("--to", metavar="ZOO", help="DST's layout, if not its own.")
    ] = None,
) -> None:
    """Published checkpoints and native files in and out, verified bit for bit."""
    print(convert_file(source, target, network, asked_from, asked_to))


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A")],
    second: Annotated[str, typer.Argument(metavar="B")],
    input: Input = "",
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Measure what the same weights give in both.")
    ] = False,
) -> None:
    """What differs between two networks, in words and numbers."""
    plans = [headed_plan(name, size(input), None) for name in (first, second)]
    show.print_difference(plans[0], plans[1], numbers)


def headed_plan(name: str, input: Shape | None, classes: int | None) -> Plan:
    """The network with its heads, where it has any and a classifier beside them."""
    made = network(name, input, classes)
    return plan(network(name, input, classes, bool(made.heads and made.classes)))


@app.command()
def doctor(json: AsJson = False) -> None:
    """What is installed, whether it starts, how many threads it has, what would crash."""
    with progress() as say:
        diagnosis = doctors.examine(say)
    if json:
        documents.print_json(diagnosis)
    else:
        show.print_diagnosis(diagnosis)


def size(text: str) -> Shape | None:
    """CxHxW as numbers; None for nothing."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}(x\d{1,6}){2}", text):
        raise UsageError(f"--input {text[:40]}: an input is CxHxW, as 3x224x224")
    return tuple(int(part) for part in text.split("x"))


def known(what: str, given: str, allowed: Sequence[str]) -> None:
    """Raises UsageError for a name that is not among those allowed."""
    if given not in allowed:
        raise UsageError(f"no {what} is called {given!r} here; there are: {', '.join(allowed)}")


def check_not_input(out: Path, *inputs: Path) -> None:
    """Raises UsageError where the output would replace an input."""
    if os.path.realpath(out) in map(os.path.realpath, inputs):
        raise UsageError(f"--out {out} is one of the inputs; give it another name")


def write_arrays(path: Path, arrays: dict[str, NDArray]) -> None:
    """Writes an .npz, whole or not at all; raises DataError for what is no number."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise DataError(
                f"{name} comes out as NaN or infinity: the weights or the batch hold values "
                "too large for it; if this was float32, try --dtype float64"
            )
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def run_command() -> int:
    """Runs the command line; returns its exit code, raises UserError for a user's mistake."""
    try:
        return app(standalone_mode=False) or 0
    except typer.TyperException as error:
        raise UsageError(f"{error.format_message()} (see googlenet --help)") from None
