"""Data sources as users write them: `digits`, `mnist:DIR`, `folder:DIR` and others."""

import os
from pathlib import Path

from common.data.datasets import DataSet, Record
from common.errors import UsageError

SOURCES = ("digits", "mnist:DIR", "cifar:DIR", "folder:DIR", "list:FILE")
PATHS = ("folder", "list")  # the kinds whose images are files, each with its own path


def open_data(source: str, val_split: float = 0.2, record: Record | None = None) -> DataSet:
    """The data set that a source names; raises UsageError or DataError if it cannot be opened.

    Images in files are split as in `record`, if given; else by their folders or lists for the
    splits, if there are any (see `splits`); else by their names, with the fraction `val_split` for
    testing.
    """
    kind, _, place = source.partition(":")
    match kind, bool(place):
        case "digits", False:
            from common.data.digits import open_digits  # scikit-learn is slow to import

            return open_digits()
        case "mnist", True:
            from common.data.mnist import open_mnist

            return open_mnist(expanded(place))
        case "cifar", True:
            from common.data.cifar import open_cifar

            return open_cifar(expanded(place))
        case "folder", True:
            from common.data.folder import open_folder

            return open_folder(expanded(place), val_split, record)
        case "list", True:
            from common.data.lists import open_list

            return open_list(expanded(place), val_split, record)
    raise UsageError(f"unknown data source {source}; choose from: {', '.join(SOURCES)}")


def expanded(place: str) -> Path:
    """A path, with `~` expanded, which a shell does not do after a colon."""
    return Path(place).expanduser()


def place_of(source: str) -> str:
    """The source with its folder as an absolute path without links, so that it can be compared."""
    kind, _, place = source.partition(":")
    return f"{kind}:{os.path.realpath(expanded(place))}" if place else kind


def folder_of(source: str) -> Path:
    """The folder that the names of a source's images are relative to."""
    kind, _, place = source.partition(":")
    path = expanded(place)
    return path.parent if kind == "list" and path.is_file() else path
