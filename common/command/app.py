"""The command `googlenet`, to which the verbs add themselves."""

import typer

from common.errors import UsageError

app = typer.Typer(
    name="googlenet",
    help="GoogLeNet in PyTorch, Keras and Paddle, and the proof that it is the same.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def run_command() -> int:
    """Runs the command line; returns its exit code, raises UserError for a user's mistake."""
    try:
        return app(standalone_mode=False) or 0
    except typer.TyperException as error:
        raise UsageError(f"{error.format_message()} (see googlenet --help)") from None
