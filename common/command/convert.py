"""The `convert` command: writes a checkpoint in a different format."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.outputs import check_outputs
from common.command.printable import print_line
from common.errors import UsageError
from common.tools.zoo.convert import convert as convert_file
from common.tools.zoo.match import ReadOptions


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="Read this checkpoint (any format).")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="DST", help="Write this file; its suffix sets the file type.")
    ],
    network: Annotated[str, typer.Option(help="Use this network (see `googlenet list`).")],
    asked_from: Annotated[
        str | None, typer.Option("--from", metavar="ZOO", help="Set SRC's format [detected].")
    ] = None,
    asked_to: Annotated[
        str | None, typer.Option("--to", metavar="ZOO", help="Set DST's format [the suffix's own].")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Read the weights under this key of SRC.")] = None,
    classes: Annotated[
        int | None, typer.Option(metavar="0", help="Take the backbone only.")
    ] = None,
    averages: Annotated[bool, typer.Option("--averages", help="Use the EMA weights.")] = False,
    drop_background: Annotated[
        bool, typer.Option("--drop-background", help="Drop the background class (0 of 1001).")
    ] = False,
) -> None:
    """Convert a checkpoint to another format.

    SRC may be any published or native checkpoint. DST is .safetensors, .pth, .pt, .pdparams,
    .weights.h5, .ckpt or .caffemodel; it is read back and verified bit for bit.
    """
    if classes:
        raise UsageError(
            "--classes only accepts 0 here (backbone only); use `init --from` for a new classifier"
        )
    check_outputs(target, inputs=[source])
    options = ReadOptions(format=asked_from, key=key, backbone_only=classes == 0, averages=averages)
    line, warning = convert_file(source, target, network, options, asked_to, drop_background)
    print_line(line)
    if warning:
        print_line(f"googlenet: warning: {warning}", sys.stderr)
