"""Data sources as users write them: `digits`, `mnist:DIR`, `folder:DIR`."""

import os
from pathlib import Path

from common.data.datasets import DataSet, Record
from common.errors import UsageError


def open_data(source: str, val_split: float = 0.2, record: Record | None = None) -> DataSet:
    """The data set that a source names; raises UsageError or DataError if it cannot be opened.

    A folder is split as in `record`, if given; else by its folders for the splits, if it has them
    (see `splits`); else by the names of its images, with the fraction `val_split` for testing.
    """
    kind, _, place = source.partition(":")
    match kind, bool(place):
        case "digits", False:
            from common.data.digits import open_digits  # scikit-learn is slow to import

            return open_digits()
        case "mnist", True:
            from common.data.mnist import open_mnist

            return open_mnist(Path(place))
        case "folder", True:
            from common.data.folder import open_folder

            return open_folder(Path(place), val_split, record)
    raise UsageError(f"unknown data source {source}; choose from: digits, mnist:DIR, folder:DIR")


def place_of(source: str) -> str:
    """The source with its folder as an absolute path without links, so that it can be compared."""
    kind, _, place = source.partition(":")
    return f"{kind}:{os.path.realpath(place)}" if place else kind
