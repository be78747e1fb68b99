"""The `init` command: writes seeded initial weights."""

from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.options import (
    Aux,
    Classes,
    Input,
    Name,
    read_size,
)
from common.command.outputs import check_outputs
from common.command.printable import print_line
from common.files import weights as weights_files
from common.networks import network
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from common.tools.zoo.convert import start_from


@app.command()
def init(
    name: Name,
    out: Annotated[Path, typer.Option(help="Write the weights to this .safetensors file.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed the random numbers.")] = 0,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Take the backbone from this checkpoint."),
    ] = None,
    input: Input = "",
    classes: Classes = None,
    aux: Aux = False,
    random_stats: Annotated[
        bool, typer.Option("--random-stats", help="Also draw biases and running statistics.")
    ] = False,
) -> None:
    """Write seeded initial weights.

    They are drawn in NumPy, and so are the same in every framework.
    """
    plan = make_plan(network(name, read_size(input), classes, aux))
    check_outputs(out, inputs=[source])
    arrays = initial_arrays(plan, seed, random_stats)
    if source:
        backbone, line = start_from(source, plan)
        arrays |= backbone
        print_line(line)
    weights_files.write(out, arrays, plan)
