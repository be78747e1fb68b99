"""What the verbs of the command share: their options, and how an option's text is read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from common.errors import DataError, UsageError
from common.files.atomic import atomic_file
from common.jobs.frameworks import ALL
from common.jobs.job import DEVICES, DTYPES
from common.networks import network
from common.plan import Plan
from common.planner import make_plan
from common.preprocess import PREPROCESSES
from common.spec import NetworkSpec, Shape

Name = Annotated[str, typer.Argument(metavar="NETWORK", help="A name from `googlenet list`.")]
Input = Annotated[
    str, typer.Option(metavar="CxHxW", help="Input size; as published where not given.")
]
Classes = Annotated[int | None, typer.Option(help="Number of classes; 0 for the features.")]
Aux = Annotated[bool, typer.Option("--aux", help="With the auxiliary heads.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Dtype = Annotated[
    str,
    typer.Option("--dtype", "--precision", metavar="|".join(DTYPES), help="What to compute in."),
]
Framework = Annotated[
    str, typer.Option("-f", "--framework", metavar="FRAMEWORK", help=", ".join(ALL))
]
Frameworks = Annotated[
    list[str] | None,
    typer.Option(
        "-f", "--framework", metavar="FRAMEWORK", help="May be repeated; all if not given."
    ),
]
Images = Annotated[
    list[Path] | None,
    typer.Option("--image", help="A JPEG or PNG; may be repeated; two photographs if not given."),
]
PreprocessName = Annotated[
    str | None,
    typer.Option(
        "--preprocess", metavar="|".join(PREPROCESSES), help="Images not as the network has them."
    ),
]
Data = Annotated[str, typer.Option(metavar="digits|mnist:DIR|folder:DIR", help="The data set.")]
Device = Annotated[str, typer.Option(metavar="|".join(DEVICES), help="What to compute on.")]
OnError = Annotated[
    str, typer.Option(metavar="stop|skip", help="What to do about an image that cannot be read.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Without what makes it faster.")]
Html = Annotated[Path | None, typer.Option("--html", help="The page of it, to be written, too.")]
WeightsFile = Annotated[Path, typer.Option("--weights", help="A .safetensors weights file.")]
Batch = Annotated[Path, typer.Option("--input", help="A .npy batch, N x C x H x W.")]
Out = Annotated[Path, typer.Option("--out", help="The .npz to write.")]


def read_size(text: str) -> Shape | None:
    """CxHxW as numbers; None for nothing."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}(x\d{1,6}){2}", text):
        raise UsageError(f"--input {text[:40]}: an input is CxHxW, as 3x224x224")
    return tuple(int(part) for part in text.split("x"))


def plan_with_heads(name: str, input: Shape | None, classes: int | None) -> Plan:
    """The network with its heads, where it has any and a classifier beside them."""
    made = network(name, input, classes)
    return make_plan(network(name, input, classes, bool(made.heads and made.classes)))


def with_preprocess(made: NetworkSpec, name: str | None) -> NetworkSpec:
    """The network with another preprocessing, if one is named."""
    if name is None:
        return made
    check_known("preprocessing", name, tuple(PREPROCESSES))
    return replace(made, preprocess=PREPROCESSES[name])


def check_known(what: str, given: str, allowed: Sequence[str]) -> None:
    """Raises UsageError for a name that is not among those allowed."""
    if given not in allowed:
        raise UsageError(f"no {what} is called {given!r} here; there are: {', '.join(allowed)}")


def write_arrays(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes an .npz, whole or not at all; raises DataError for what is no number."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise DataError(
                f"{name} comes out as NaN or infinity: the weights or the batch hold values "
                "too large for it; if this was float32, try --dtype float64"
            )
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
