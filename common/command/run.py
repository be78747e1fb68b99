"""The `run` command: runs a forward pass."""

from typing import Annotated

import typer

from common.command.app import app
from common.command.options import (
    Aux,
    Batch,
    Dtype,
    Framework,
    Name,
    Out,
    Plain,
    WeightsFile,
    check_known,
    write_arrays,
)
from common.command.outputs import check_outputs
from common.errors import UsageError
from common.jobs.call import call
from common.jobs.frameworks import ALL
from common.jobs.job import DTYPES
from common.jobs.network_jobs import Run


@app.command()
def run(
    name: Name,
    framework: Framework,
    weights: WeightsFile,
    input: Batch,
    out: Out,
    endpoints: Annotated[
        str, typer.Option(metavar="all|NAME,...", help="Keep the outputs of these layers.")
    ] = "all",
    dtype: Dtype = "float32",
    aux: Aux = False,
    plain: Plain = False,
) -> None:
    """Run a forward pass and keep the outputs.

    The network is in evaluation mode; the .npz has one array per endpoint, and `logits`.
    """
    check_known("framework", framework, tuple(ALL))
    check_known("dtype", dtype, DTYPES)
    check_outputs(out, inputs=[weights, input])
    if endpoints == "units" or not endpoints.strip(", "):
        raise UsageError("--endpoints must be `all` or layer names, as in inception3a,inception3b")
    job = Run(
        framework=framework,
        network=name,
        weights=str(weights),
        input=str(input),
        endpoints=endpoints,
        dtype=dtype,
        aux=aux,
        plain=plain,
    )
    write_arrays(out, call(job).arrays)
