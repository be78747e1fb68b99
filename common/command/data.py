"""The verb `data`: what a data set holds, and every image of it that cannot be read."""

import json as json_format
from typing import Annotated

import typer

from common.command.app import app
from common.command.options import AsJson
from common.command.printable import print_line
from common.command.show import grid, print_table
from common.data.check import find_faults
from common.data.sources import open_data
from common.errors import DataError


@app.command()
def data(
    source: Annotated[
        str, typer.Argument(metavar="digits|mnist:DIR|folder:DIR", help="Check this data set.")
    ],
    val_split: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Hold out this share of an unsplit folder.")
    ] = 0.2,
    json: AsJson = False,
) -> None:
    """Check a data set and name its broken images."""
    found = open_data(source, val_split)
    splits = {"train": found.train, "test": found.test}
    faults = {name: find_faults(split) for name, split in splits.items()}
    images = {
        kind: {name: int((split.labels == k).sum()) for name, split in splits.items()}
        for k, kind in enumerate(found.classes)
    }
    lines = [line for each in faults.values() for line in each.values()]
    if json:
        print(json_format.dumps({"source": source, "images": images, "faults": lines}, indent=2))
    else:
        table = grid("class", "to train with", "to test with")
        for kind, counts in images.items():
            table.add_row(kind, f"{counts['train']:,}", f"{counts['test']:,}")
        table.add_row("all", *(f"{len(split):,}" for split in splits.values()), style="bold")
        print_table(table)
        for line in lines:
            print_line(line)
    if lines:
        raise DataError(f"{source}: {len(lines)} images cannot be read, first: {lines[0]}")
