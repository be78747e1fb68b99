"""Options that several commands share, and the functions that parse and check them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from common.data.sources import SOURCES
from common.errors import DataError, UsageError
from common.files.atomic import atomic_file
from common.jobs.frameworks import ALL
from common.jobs.job import DEVICES, DTYPES
from common.networks import network
from common.spec import NetworkSpec, Shape
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.spec.preprocess import PREPROCESSES

Name = Annotated[
    str, typer.Argument(metavar="NETWORK", help="Use this network (see `googlenet list`).")
]
NameOrDefault = Annotated[
    str | None, typer.Argument(metavar="NETWORK", help="Use this network [googlenet].")
]
Input = Annotated[str, typer.Option(metavar="CxHxW", help="Set the input size [as published].")]
Classes = Annotated[int | None, typer.Option(help="Set the number of classes; 0 for features.")]
Aux = Annotated[bool, typer.Option("--aux", help="Include the auxiliary classifiers.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Dtype = Annotated[
    str,
    typer.Option("--dtype", "--precision", metavar="|".join(DTYPES), help="Compute in this type."),
]


def one_of(frameworks: Sequence[str], help: str = "Compute with this framework.") -> Any:
    """The option `-f`, which lists the frameworks that a command accepts."""
    return typer.Option("-f", "--framework", metavar="|".join(frameworks), help=help)


def some_of(frameworks: Sequence[str], default: str) -> Any:
    """The option `-f` of a command that accepts several frameworks."""
    return one_of(frameworks, f"Use this framework (repeatable) [{default}].")


Framework = Annotated[str, one_of(tuple(ALL))]
Images = Annotated[
    list[Path] | None,
    typer.Option("--image", help="Use this JPEG or PNG (repeatable) [two photos]."),
]
PreprocessName = Annotated[
    str | None,
    typer.Option(
        "--preprocess", metavar="|".join(PREPROCESSES), help="Override the network's preprocessing."
    ),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="|".join(SOURCES), help="Use this data set [a run's own]."),
]
Device = Annotated[str, typer.Option(metavar="|".join(DEVICES), help="Compute on this device.")]
OnError = Annotated[
    str, typer.Option(metavar="stop|skip", help="Stop at, or skip, unreadable images.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Disable performance optimisations.")]
Html = Annotated[
    Path | None, typer.Option("--html", help="Also write an HTML report to this file.")
]
WeightsFile = Annotated[
    Path, typer.Option("--weights", help="Read this .safetensors weights file.")
]
Batch = Annotated[Path, typer.Option("--input", help="Read a batch N x C x H x W from this .npy.")]
Out = Annotated[Path, typer.Option("--out", help="Write the arrays to this .npz file.")]


def read_size(text: str) -> Shape | None:
    """The shape that CxHxW denotes; None for an empty string."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}(x\d{1,6}){2}", text):
        raise UsageError(f"--input {text[:40]}: expected CxHxW, as in 3x224x224")
    return tuple(int(part) for part in text.split("x"))


def plan_with_heads(name: str, input: Shape | None, classes: int | None) -> Plan:
    """The network's plan, with its heads if it has any and also has a classifier."""
    spec = network(name, input, classes)
    return make_plan(network(name, input, classes, bool(spec.heads and spec.classes)))


def with_preprocess(spec: NetworkSpec, name: str | None) -> NetworkSpec:
    """The network with the named preprocessing; unchanged if `name` is None."""
    if name is None:
        return spec
    check_known("preprocessing", name, tuple(PREPROCESSES))
    return replace(spec, preprocess=PREPROCESSES[name])


def check_known(what: str, given: str, allowed: Sequence[str]) -> None:
    """Raises UsageError for a name that is not among those allowed."""
    if given not in allowed:
        raise UsageError(f"unknown {what} {given!r}; choose from: {', '.join(allowed)}")


def check_all(what: str, given: Iterable[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """The names without repetitions; raises UsageError for one that is not among those allowed."""
    names = tuple(dict.fromkeys(given))
    for name in names:
        check_known(what, name, allowed)
    return names


def write_arrays(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes an .npz file atomically; raises DataError for NaN or infinity."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise DataError(
                f"{name} contains NaN or infinity: the weights or the batch contain values "
                "that are too large; if this was float32, try --dtype float64"
            )
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
