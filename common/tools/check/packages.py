"""Imports a user's file as part of the package that contains it."""

import ast
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

MAX_ABOVE = 3  # folders above a file in which its modules are looked for


class Package(ModuleType):
    """A package whose `__init__.py` is only run when one of its names is needed.

    The file that is checked rarely needs it, and it may import what is not installed.
    """

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name)
        self.__path__ = [str(folder)]
        self.__package__ = name
        self.__dict__["_unread"] = folder / "__init__.py"

    def __getattr__(self, name: str) -> Any:
        file = self.__dict__.pop("_unread", None)
        if name.startswith("__") or file is None or not file.is_file():
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__file__ = str(file)
        exec(compile(file.read_bytes(), str(file), "exec"), self.__dict__)
        return getattr(self, name)


def package_of(path: Path, tree: ast.AST) -> str:
    """Imports the packages around a file, and returns the name of the innermost; "" if none.

    These are the folders with an `__init__.py`, and as many more as relative imports climb.
    """
    climbs = [each.level for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    if not any(climbs):
        return ""
    folders = [path.parent]
    while (folders[-1] / "__init__.py").is_file() and folders[-1] != folders[-1].parent:
        folders.append(folders[-1].parent)
    while len(folders) <= max(climbs) + 1 and folders[-1] != folders[-1].parent:
        folders.append(folders[-1].parent)
    name = ""
    for folder in reversed(folders[:-1]):
        own = re.sub(r"\W", "_", folder.name) or "top"
        name = f"{name}.{own}" if name else f"package_of_yours_{own}"
        sys.modules.setdefault(name, Package(name, folder))
    return name


def folder_of(module: str, path: Path) -> Path | None:
    """The folder near a file in which its module or package lies; None if there is none."""
    top = module.partition(".")[0]
    for folder in (path.parent, *list(path.parents)[1 : MAX_ABOVE + 1]):
        if (folder / f"{top}.py").is_file() or (folder / top).is_dir():
            return folder
    return None
