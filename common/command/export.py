"""The `export` command: writes a network with its weights as an ONNX file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.options import Aux, Name
from common.command.outputs import check_outputs
from common.command.printable import print_line
from common.command.trained import open_trained
from common.errors import MissingFramework, UsageError
from common.files import weights
from common.files.scratch import scratch_folder
from common.networks import network
from common.spec.preprocess import PREPROCESSES


@app.command()
def export(
    name: Name,
    source: Annotated[
        Path,
        typer.Option("--weights", metavar="RUN_OR_WEIGHTS", help="Use this run or checkpoint."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Write this .onnx file.")],
    aux: Aux = False,
) -> None:
    """Export a network with its weights as ONNX.

    The file is run in ONNX Runtime, and its outputs are compared with the reference.
    """
    network(name, aux=aux)  # rejects an unknown name before any file is read
    if out.suffix != ".onnx":
        raise UsageError(f"--out {out}: the name must end in .onnx")
    check_outputs(out, inputs=[source])
    try:
        from common.tools.onnx import export as onnx_export
    except ImportError as error:
        raise MissingFramework(
            f"export needs onnx and onnxruntime ({error}); pip install '.[onnx]'"
        ) from None
    with scratch_folder() as box:
        given = open_trained(source, name, None, box)
        plan, arrays = weights.read_network(given.path, name, aux)
        own = replace(plan.spec, preprocess=PREPROCESSES[given.preprocess])
        plan = replace(plan, spec=own)
        apart = onnx_export.export(plan, arrays, out, given.about)
    print_line(f"{out}: {name}, within {apart:.1e} of the reference in ONNX Runtime")
