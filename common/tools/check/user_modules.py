"""Lets a user's file import its own modules where they are named like this project's packages."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.jobs.call import ROOT

PACKAGES = ("common", "pytorch_impl", "tensorflow_impl", "paddle_impl")


@contextmanager
def users_first(folder: Path) -> Iterator[None]:
    """While open, the names of our packages mean the modules in a user's folder, where it has them.

    Python keeps one module under each name. Code of ours that is imported already keeps working.
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
