"""The `run` command: runs a forward pass."""

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from common.arrays import Arrays
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
from common.command.printable import print_line
from common.errors import DataError, UsageError
from common.jobs.call import call
from common.jobs.frameworks import ALL
from common.jobs.job import DTYPES
from common.jobs.network_jobs import ForwardPass
from common.networks import network
from common.reference.numerics import softmax
from common.spec.planner import make_plan
from common.tools.zoo.published_layers import published_layers

Endpoints = Annotated[
    str, typer.Option(metavar="all|NAME,...", help="Write the outputs of these layers.")
]
FixedWindow = Annotated[
    bool, typer.Option("--fixed-window", help="Use the published window for the last pool.")
]


@app.command()
def run(
    name: Name,
    framework: Framework,
    weights: WeightsFile,
    input: Batch,
    out: Out,
    endpoints: Endpoints = "all",
    dtype: Dtype = "float32",
    aux: Aux = False,
    fixed_window: FixedWindow = False,
    plain: Plain = False,
) -> None:
    """Run a forward pass and write the outputs.

    The network is in evaluation mode; the .npz has one array per endpoint, and `logits`.
    The endpoint `predictions` is their softmax. With a fixed window, larger images give a map of
    logits.
    """
    check_known("framework", framework, tuple(ALL))
    check_known("dtype", dtype, DTYPES)
    check_outputs(out, inputs=[weights, input])
    if endpoints == "units" or not endpoints.strip(", "):
        raise UsageError("--endpoints must be `all` or layer names, as in inception3a,inception3b")
    called, wants_predictions = find_paths(name, aux, endpoints)
    job = ForwardPass(
        framework=framework,
        network=name,
        weights=str(weights),
        input=str(input),
        endpoints=",".join(called.values()),
        dtype=dtype,
        aux=aux,
        global_pool=not fixed_window,
        plain=plain,
    )
    arrays = call(job).arrays
    arrays |= predict(weights, arrays) if wants_predictions else {}
    given = {name: arrays[path] for name, path in called.items() if path in arrays}
    rest = {path: array for path, array in arrays.items() if path not in called.values()}
    write_arrays(out, given | rest)


def find_paths(name: str, aux: bool, endpoints: str) -> tuple[dict[str, str], bool]:
    """The path of each endpoint by the name given, which may be a published one.

    Also returns whether `predictions` are among them, which are not a layer.
    """
    given = [each.strip() for each in endpoints.split(",") if each.strip()]
    layers = [each for each in given if each != "predictions"]
    wants_predictions = layers != given
    if not layers:
        return {"logits": "logits"}, True
    plan = make_plan(network(name, aux=aux))
    paths = {node.path for node in plan.nodes()}
    if layers == ["all"] or paths.issuperset(layers):
        return {each: each for each in layers}, wants_predictions
    published = published_layers(plan)
    for each in layers:
        if each not in paths and each in published:
            print_line(f"googlenet: {each} is {published[each]} here", sys.stderr)
    called = {each: each if each in paths else published.get(each, each) for each in layers}
    return called, wants_predictions


def predict(weights: Path, arrays: Arrays) -> Arrays:
    """The softmax of the logits, called `predictions`; raises DataError if there are none."""
    if "logits" not in arrays:
        raise DataError(f"{weights}: without a classifier there are no predictions")
    return {"predictions": softmax(arrays["logits"].astype(np.float64))}
