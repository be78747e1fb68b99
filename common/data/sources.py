"""Where data comes from, as one writes it: `digits`, `mnist:DIR`, `folder:DIR`."""

from pathlib import Path

from common.data.sets import DataSet
from common.errors import UsageError


def open_data(source: str, val_split: float = 0.2) -> DataSet:
    """The data set that a source names; raises UsageError or DataError for what is none."""
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

            return open_folder(Path(place), val_split)
    raise UsageError(f"--data {source}: data is `digits`, `mnist:DIR` or `folder:DIR`")
