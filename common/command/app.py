"""The `googlenet` command, with which the subcommands register themselves."""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from common.errors import UsageError

GROUPS = {
    "Inspect networks": ("list", "summary", "diff", "source", "page"),
    "Compute and compare": ("compare", "run", "grad", "check", "bench"),
    "Train": ("train", "evaluate", "predict", "data"),
    "Weights files": ("init", "identify", "convert", "export"),
    "The book": ("exercise",),
    "Installation": ("doctor",),
}


class Verbs(TyperGroup):
    """Lists the subcommands in groups, by purpose."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """The names of the subcommands, in the order of the groups."""
        return [name for names in GROUPS.values() for name in names]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Writes one section of the help for each group."""
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(n, self.commands[n].get_short_help_str(60)) for n in names])


app = typer.Typer(
    name="googlenet",
    cls=Verbs,
    help="Compare GoogLeNet and its family in PyTorch, Keras and Paddle.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def print_version(wanted: bool) -> None:
    """Prints the version and exits, if `--version` was given."""
    if not wanted:
        return
    try:
        print(f"googlenet-family {version('googlenet-family')}")
    except PackageNotFoundError:
        raise UsageError("googlenet-family is not installed; run `make setup`") from None
    raise typer.Exit


@app.callback()
def main(
    show: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Compare GoogLeNet and its family in PyTorch, Keras and Paddle."""


def run_command() -> int:
    """Runs the command line and returns its exit code; raises UserError for a user's mistake."""
    try:
        return app(standalone_mode=False, prog_name="googlenet") or 0
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "googlenet"
        raise UsageError(f"{error.format_message()} (see {path} --help)") from None
