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
    kind, _, location = source.partition(":")
    match kind, bool(location):
        case "digits", False:
            from common.data.digits import open_digits  # scikit-learn is slow to import

            return open_digits()
        case "mnist", True:
            from common.data.mnist import open_mnist

            return open_mnist(expanded(location))
        case "cifar", True:
            from common.data.cifar import open_cifar

            return open_cifar(expanded(location))
        case "folder", True:
            from common.data.folder import open_folder

            return open_folder(expanded(location), val_split, record)
        case "list", True:
            from common.data.lists import open_list

            return open_list(expanded(location), val_split, record)
    raise UsageError(f"unknown data source {source}; choose from: {', '.join(SOURCES)}")


def expanded(location: str) -> Path:
    """A path, with `~` expanded, which a shell does not do after a colon."""
    return Path(location).expanduser()


def absolute_source(source: str) -> str:
    """The source with its folder as an absolute path without links, so that it can be compared."""
    kind, _, location = source.partition(":")
    return f"{kind}:{os.path.realpath(expanded(location))}" if location else kind


def folder_of(source: str) -> Path:
    """The folder that the names of a source's images are relative to."""
    kind, _, location = source.partition(":")
    path = expanded(location)
    return path.parent if kind == "list" and path.is_file() else path
