"""The `summary` command: shows a network's layers, shapes and parameters."""

from typing import Annotated

import typer

from common.command import documents, explain, show
from common.command.app import app
from common.command.options import (
    AsJson,
    Aux,
    Classes,
    Input,
    Name,
    plan_with_heads,
    read_size,
)
from common.errors import UsageError
from common.networks import network
from common.spec.planner import make_plan


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
        raise UsageError("--explain and --json cannot be combined")
    if explained:
        explain.print_ledger(plan_with_heads(name, read_size(input), classes))
    elif json:
        documents.print_json(documents.summary_json(plan))
    else:
        show.print_table(show.summary_table(plan))
        print(show.totals_lines(plan))
