"""Lets a user's file import its own modules even if they are named like our packages."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.jobs.call import ROOT

PACKAGES = ("common", "pytorch_impl", "tensorflow_impl", "paddle_impl")


@contextmanager
def users_first(folder: Path) -> Iterator[None]:
    """Inside the `with` block, the names of our packages refer to the modules in a user's folder.

    That is for packages of which the folder has a module of the same name; Python keeps only one
    under each name. Our code that is already imported keeps working.
    """
    names = [name for name in PACKAGES if has_module(folder, name) and folder.resolve() != ROOT]
    ours = take_out(names)
    try:
        yield
    finally:
        take_out(names)
        sys.modules.update(ours)


def take_out(names: list[str]) -> dict:
    """Removes these packages and their modules from those imported, and returns them."""
    found = [module for module in sys.modules if module.partition(".")[0] in names]
    return {module: sys.modules.pop(module) for module in found}


def has_module(folder: Path, name: str) -> bool:
    """Whether a folder has a module or package of this name."""
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()
