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
from common.jobs.frameworks import ALL
from common.jobs.job import DTYPES, Grad, Run
from common.jobs.worker import call
from common.networks import NETWORKS, network
from common.page.members import against
from common.page.render import Page
from common.planner import make_plan
from common.zoo.convert import convert as convert_file
from common.zoo.convert import start_from
from common.zoo.recognise import Wishes

DST_HELP = "What to write: .safetensors, .pth, .pdparams, .weights.h5, .ckpt."


@app.command("list")
def list_networks(json: AsJson = False) -> None:
    """Every network: origin, input, parameters, multiply-adds."""
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
        bool, typer.Option("--explain", help="Where the parameters are, and whose count it is.")
    ] = False,
    json: AsJson = False,
) -> None:
    """The layer table, worked out without any framework."""
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
    out: Annotated[Path, typer.Option(help="The .safetensors to write.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same weights.")] = 0,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A checkpoint of any kind for the trunk."),
    ] = None,
    input: Input = "",
    classes: Classes = None,
    aux: Aux = False,
    random_stats: Annotated[
        bool, typer.Option("--random-stats", help="Draw biases and statistics too.")
    ] = False,
) -> None:
    """Seeded weights, drawn in NumPy, so the same for every framework."""
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
        str, typer.Option(metavar="all|NAME,...", help="The layers whose outputs are kept.")
    ] = "all",
    dtype: Dtype = "float32",
    aux: Aux = False,
    plain: Plain = False,
) -> None:
    """One forward pass in evaluation mode; one array per endpoint, and `logits`."""
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
    framework: Framework,
    weights: WeightsFile,
    input: Batch,
    labels: Annotated[Path, typer.Option(help="A .npy of N class numbers.")],
    out: Out,
    dtype: Dtype = "float32",
    aux: Aux = False,
) -> None:
    """The training loss without dropout, and its gradient by every parameter."""
    check_known("framework", framework, tuple(ALL))
    check_known("dtype", dtype, DTYPES)
    check_outputs(out, inputs=[weights, input, labels])
    job = Grad(framework, name, str(weights), str(input), str(labels), dtype, aux)
    write_arrays(out, call(job).arrays)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A checkpoint of any kind.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help=DST_HELP)],
    network: Annotated[str, typer.Option(help="A name from `googlenet list`.")],
    asked_from: Annotated[
        str | None, typer.Option("--from", metavar="ZOO", help="SRC's layout, if not recognised.")
    ] = None,
    asked_to: Annotated[
        str | None, typer.Option("--to", metavar="ZOO", help="DST's layout, if not its own.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Where in SRC the weights lie, if in several places.")
    ] = None,
    classes: Annotated[
        int | None, typer.Option(metavar="0", help="0 takes the trunk alone, of any file.")
    ] = None,
    averages: Annotated[
        bool, typer.Option("--averages", help="Moving averages in the place of the weights.")
    ] = False,
    drop_background: Annotated[
        bool, typer.Option("--drop-background", help="1000 of 1001 classes, without the first.")
    ] = False,
) -> None:
    """Published checkpoints and native files in and out, verified bit for bit."""
    if classes:
        raise UsageError("--classes takes 0 here, for the trunk; `init --from` gives new classes")
    check_outputs(target, inputs=[source])
    wishes = Wishes(asked_from, key, classes == 0, averages)
    line, warning = convert_file(source, target, network, wishes, asked_to, drop_background)
    print_line(line)
    if warning:
        print_line(f"googlenet: warning: {warning}", sys.stderr)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A")],
    second: Annotated[str, typer.Argument(metavar="B")],
    input: Input = "",
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Measure what the same weights give in both.")
    ] = False,
    html: Html = None,
) -> None:
    """What differs between two networks, in words and numbers."""
    check_outputs(html)
    one, other = (plan_with_heads(name, read_size(input), None) for name in (first, second))
    if html:
        reason = f"`googlenet compare {first} --html FILE` shows it"
        write_page(html, Page(one, reason=reason, other=against(one, other), part="against"))
    explain.print_difference(one, other, numbers)


@app.command()
def doctor(json: AsJson = False) -> None:
    """What is installed, whether it starts, how many threads it has, what would crash."""
    with progress() as say:
        diagnosis = doctors.examine(say)
    if json:
        documents.print_json(diagnosis)
    else:
        show.print_diagnosis(diagnosis)
