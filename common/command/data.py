"""The `data` command: counts the images of a data set and lists those that cannot be read."""

import json as json_format
from typing import Annotated

import typer

from common.command.app import app
from common.command.options import AsJson
from common.command.printable import print_line
from common.command.show import grid, print_table
from common.data.datasets import suffixes_text
from common.data.sources import SOURCES, open_data
from common.data.unreadable import find_faults
from common.errors import DataError

# What the splits are used for: with two splits, and with three.
USES = (
    "train: training; test: choosing the best weights, and evaluation",
    "train: training; val: choosing the best weights; test: evaluation",
)


@app.command()
def data(
    source: Annotated[str, typer.Argument(metavar="|".join(SOURCES), help="Check this data set.")],
    val_split: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Hold out this fraction of an unsplit folder.")
    ] = 0.2,
    json: AsJson = False,
) -> None:
    """Check a data set and name its broken images."""
    opened = open_data(source, val_split)
    splits = opened.splits
    faults = {name: find_faults(split) for name, split in splits.items()}
    images = {
        kind: {name: int((split.labels == k).sum()) for name, split in splits.items()}
        for k, kind in enumerate(opened.classes)
    }
    lines = [line for each in faults.values() for line in each.values()]
    if json:
        document = {"source": source, "images": images, "faults": lines}
        print(json_format.dumps(document | {"others": dict(opened.others)}, indent=2))
    else:
        table = grid("class", *splits)
        for kind, counts in images.items():
            table.add_row(kind, *(f"{counts[name]:,}" for name in splits))
        table.add_row("all", *(f"{len(split):,}" for split in splits.values()), style="bold")
        print_table(table)
        print(USES[opened.val is not None])
        if opened.others:
            print_line(f"files that are not images: {suffixes_text(opened.others)}")
        for line in lines:
            print_line(line)
    if lines:
        raise DataError(f"{source}: {len(lines)} images cannot be read, first: {lines[0]}")
