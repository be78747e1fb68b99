"""The `diff` command: lists the differences between two networks."""

from typing import Annotated

import typer

from common.command import explain
from common.command.app import app
from common.command.options import (
    Html,
    Input,
    plan_with_heads,
    read_size,
)
from common.command.outputs import check_outputs
from common.command.pages import write_page
from common.tools.page.network_pair import network_pair
from common.tools.page.render import Page


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="Use as the first network.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Use as the second network.")],
    input: Input = "",
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Also compare the outputs, with equal weights.")
    ] = False,
    html: Html = None,
) -> None:
    """List the differences between two networks."""
    check_outputs(html)
    one, other = (plan_with_heads(name, read_size(input), None) for name in (first, second))
    if html:
        reason = f"use `googlenet compare {first} --html FILE`"
        write_page(html, Page(one, reason=reason, other=network_pair(one, other), part="against"))
    explain.print_difference(one, other, numbers)
