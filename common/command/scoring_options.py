"""Options of `evaluate` and `predict`, and the report on images that they invert or skip."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from common.arrays import Arrays
from common.command.options import check_known
from common.command.printable import print_line
from common.jobs.frameworks import ALL
from common.jobs.job import DEVICES, DTYPES
from common.training.record import shortened

Source = Annotated[
    Path, typer.Argument(metavar="RUN_OR_WEIGHTS", help="Use this run or checkpoint.")
]
NetworkName = Annotated[
    str | None, typer.Option("--network", help="Name the network, if the file does not.")
]


def check_options(framework: str, device: str, on_error: str, dtype: str) -> None:
    """Raises UsageError for an unknown name."""
    check_known("framework", framework, tuple(ALL))
    check_known("device", device, DEVICES)
    check_known("dtype", dtype, DTYPES)
    check_known("value of --on-error", on_error, ("stop", "skip"))


def report_images(arrays: Arrays, background: str) -> set[str]:
    """Reports which images were inverted or skipped, and why; returns the skipped images' names."""
    if names := arrays["inverted"].tolist():
        print_line(
            f"googlenet: inverted, since the weights were trained on images with a {background} "
            f"background: {shortened(names)}",
            sys.stderr,
        )
    lines = arrays["faults"].tolist()
    for line in lines:
        print_line(f"googlenet: skipped: {line}", sys.stderr)
    if lines:
        print(f"googlenet: {len(lines)} images skipped", file=sys.stderr)
    return set(arrays["skipped"].tolist())
