"""The `grad` command: computes the loss and its gradients."""

from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.options import (
    Aux,
    Batch,
    Dtype,
    Name,
    Out,
    WeightsFile,
    check_known,
    one_of,
    write_arrays,
)
from common.command.outputs import check_outputs
from common.jobs.call import call
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import DTYPES
from common.jobs.network_jobs import Grad

DIFFERENTIATING = ("numpy", *FRAMEWORKS)


@app.command()
def grad(
    name: Name,
    framework: Annotated[str, one_of(DIFFERENTIATING)],
    weights: WeightsFile,
    input: Batch,
    labels: Annotated[Path, typer.Option(help="Read N class numbers from this .npy file.")],
    out: Out,
    dtype: Dtype = "float32",
    aux: Aux = False,
) -> None:
    """Compute the loss and its gradients.

    The gradient is that of the training loss, without dropout, for every parameter.
    """
    check_known("framework", framework, DIFFERENTIATING)
    check_known("dtype", dtype, DTYPES)
    check_outputs(out, inputs=[weights, input, labels])
    job = Grad(
        framework=framework,
        network=name,
        weights=str(weights),
        input=str(input),
        labels=str(labels),
        dtype=dtype,
        aux=aux,
    )
    write_arrays(out, call(job).arrays)
