"""The verbs about networks: each reads its options, calls one function, shows the outcome."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from common.command import documents, explain, show
from common.command.app import app
from common.command.options import (
    AsJson,
    Aux,
    Batch,
    Classes,
    Dtype,
    Framework,
    Html,
    Input,
    Name,
    Out,
    Plain,
    WeightsFile,
    check_known,
    one_of,
    plan_with_heads,
    read_size,
    write_arrays,
)
from common.command.outputs import check_outputs
from common.command.pages import write_page
from common.command.printable import print_line
from common.command.progress import progress
from common.errors import UsageError
from common.files import weights as weights_files
from common.initial import initial_arrays
from common.jobs import doctor as doctors
from common.jobs.frameworks import ALL, FRAMEWORKS
from common.jobs.job import DTYPES, Grad, Run
from common.jobs.worker import call
from common.networks import NETWORKS, network
from common.page.members import against
from common.page.render import Page
from common.planner import make_plan
from common.zoo.convert import convert as convert_file
from common.zoo.convert import start_from
from common.zoo.recognise import Wishes

DIFFERENTIATING = ("numpy", *FRAMEWORKS)


@app.command("list")
def list_networks(json: AsJson = False) -> None:
    """List all networks and their costs."""
    plans = [make_plan(network(name)) for name in NETWORKS]
    if json:
        documents.print_json([documents.totals_json(each) for each in plans])
    else:
        show.print_table(show.list_table(plans))


@app.command()
def summary(
    name: Name,
    input: Input = "",
    classes: Classes = None,
    aux: Aux = False,
    explained: Annotated[
        bool, typer.Option("--explain", help="Explain the parameter counts.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show a network's layers, shapes and parameters."""
    plan = make_plan(network(name, read_size(input), classes, aux))
    if explained and json:
        raise UsageError("--explain and --json do not go together; give one of them")
    if explained:
        explain.print_ledger(plan_with_heads(name, read_size(input), classes))
    elif json:
        documents.print_json(documents.summary_json(plan))
    else:
        show.print_table(show.summary_table(plan))
        print(show.totals_lines(plan))


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
        trunk, line = start_from(source, plan)
        arrays |= trunk
        print_line(line)
    weights_files.write(out, arrays, plan)


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
        raise UsageError("--endpoints is `all` or names of layers, as inception3a,inception3b")
    job = Run(framework, name, str(weights), str(input), endpoints, dtype, aux, plain)
    write_arrays(out, call(job).arrays)


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
    job = Grad(framework, name, str(weights), str(input), str(labels), dtype, aux)
    write_arrays(out, call(job).arrays)


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="Read this checkpoint (any format).")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="DST", help="Write this file; its suffix is its format.")
    ],
    network: Annotated[str, typer.Option(help="Name the network (see `googlenet list`).")],
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
    .weights.h5 or .ckpt; it is read back and verified bit for bit.
    """
    if classes:
        raise UsageError(
            "--classes takes 0 here, for the backbone; `init --from` gives new classes"
        )
    check_outputs(target, inputs=[source])
    wishes = Wishes(asked_from, key, classes == 0, averages)
    line, warning = convert_file(source, target, network, wishes, asked_to, drop_background)
    print_line(line)
    if warning:
        print_line(f"googlenet: warning: {warning}", sys.stderr)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="Name the first network.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Name the second network.")],
    input: Input = "",
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Run both with the same weights.")
    ] = False,
    html: Html = None,
) -> None:
    """List the differences between two networks."""
    check_outputs(html)
    one, other = (plan_with_heads(name, read_size(input), None) for name in (first, second))
    if html:
        reason = f"`googlenet compare {first} --html FILE` shows it"
        write_page(html, Page(one, reason=reason, other=against(one, other), part="against"))
    explain.print_difference(one, other, numbers)


@app.command()
def doctor(json: AsJson = False) -> None:
    """Check the installed frameworks.

    Each is started, and its version, threads and known problems are shown.
    """
    with progress() as say:
        diagnosis = doctors.examine(say)
    if json:
        documents.print_json(diagnosis)
    else:
        show.print_diagnosis(diagnosis)
