"""Where data comes from, as one writes it: `digits`, `mnist:DIR`, `folder:DIR`."""

import os
from pathlib import Path

from common.data.sets import DataSet, Record
from common.errors import UsageError


def open_data(source: str, val_split: float = 0.2, record: Record | None = None) -> DataSet:
    """The data set that a source names; raises UsageError or DataError for what is none.

    A folder is split as `record` says, if there is one; else one without `train` and `val` is split
    by its images' names, with a share of `val_split` to test with.
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
    raise UsageError(f"--data {source}: data is `digits`, `mnist:DIR` or `folder:DIR`")


def place_of(source: str) -> str:
    """The source with its folder as an absolute path without links, by which it is compared."""
    kind, _, place = source.partition(":")
    return f"{kind}:{os.path.realpath(place)}" if place else kind
