"""Supplies the usual names that a file uses and does not define, such as a cell of a notebook."""

import ast
import builtins
import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from common.tools.check.arguments import value_for
from common.tools.check.old_names import OldNames

SIZE, CLASSES = (3, 224, 224), 1000


def undefined_names(tree: ast.AST) -> list[str]:
    """The names that a file uses and nothing in it defines; none if it imports all of a module."""
    used: dict[str, int] = {}
    bound = set(dir(builtins))
    for each in ast.walk(tree):
        match each:
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return []
            case ast.Name(id=name, ctx=ast.Load()):
                used.setdefault(name, each.lineno)
            case ast.Name(id=name) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
    return [name for name in used if name not in bound and not name.startswith("__")]


def supply(module: ModuleType, names: Sequence[str], old: OldNames) -> list[str]:
    """Defines those of a file's undefined names that are usual ones; returns notes on them.

    These are modules and layers of the framework, and the number of classes, which is a choice.
    """
    taken = {name: meaning for name in names if (meaning := find(name, old)) is not None}
    counts = [name for name in names if value_for(name, SIZE, CLASSES, False) == CLASSES]
    vars(module).update(taken | dict.fromkeys(counts, CLASSES))
    notes = [f"not imported, taken from {old.title}: {', '.join(taken)}"] if taken else []
    return notes + [f"not defined, set to {CLASSES}: {', '.join(counts)}"] * bool(counts)


def find(name: str, old: OldNames) -> Any:
    """The module or the layer of a framework that a name usually means; None if it is no such."""
    if name in old.aliases:
        return importlib.import_module(old.aliases[name])
    if not name[:1].isupper():
        return None
    owners = map(importlib.import_module, old.namespaces)
    return next((vars(owner)[name] for owner in owners if name in vars(owner)), None)
