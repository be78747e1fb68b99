"""The `source` command: writes a network as one file of source code."""

from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.options import Aux, Classes, Input, Name, check_known, one_of, read_size
from common.command.outputs import check_outputs
from common.command.printable import print_line
from common.errors import UsageError
from common.files.atomic import atomic_file
from common.jobs.frameworks import FRAMEWORKS
from common.networks import network
from common.spec.planner import make_plan
from common.tools.source.printer import import_printer


@app.command()
def source(
    name: Name,
    framework: Annotated[str, one_of(FRAMEWORKS, "Write it for this framework.")],
    classes: Classes = None,
    aux: Aux = False,
    input: Input = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write this .py file [standard output].")
    ] = None,
) -> None:
    """Write a network as one file of source code.

    The file does not import this package, and no framework is needed to write it.
    """
    check_known("framework", framework, FRAMEWORKS)
    if out and out.suffix != ".py":
        raise UsageError(f"--out {out}: the name must end in .py")
    check_outputs(out)
    plan = make_plan(network(name, read_size(input), classes, aux))
    try:
        text = import_printer(framework).source(plan).text
    except TypeError as error:
        raise UsageError(f"{name} cannot be written for {framework}: {error}") from None
    if out is None:
        print(text, end="")
        return
    with atomic_file(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print_line(f"{out}: {name}, {len(text.splitlines())} lines")
