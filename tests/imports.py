"""The project's modules and the modules that each imports, including those named in strings."""

import ast
import re
from functools import cache

from common.jobs.call import ROOT

PACKAGES = ("common", "pytorch_impl", "tensorflow_impl", "paddle_impl")
MODULE = re.compile(r"\w+(\.\w+)+(?=:|$)")  # "package.module", or "package.module:function"


@cache
def modules():
    """Every module's file, by module name."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    parts = {file: file.relative_to(ROOT).with_suffix("").parts for file in files}
    return {".".join(p).removesuffix(".__init__"): file for file, p in parts.items()}


@cache
def imports(module):
    """The project's modules that a module imports anywhere in its code."""
    tree, found = ast.parse(modules()[module].read_text()), set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=source, names=names):
                inner = {f"{source}.{alias.name}" for alias in names}
                found |= inner & modules().keys()
                if inner - modules().keys():
                    found.add(source)
            case ast.Constant(value=str(text)) if name := MODULE.match(text):
                found.add(name[0])
    return (found & modules().keys()) - {module}


def circles():
    """The groups of modules that import one another."""
    reached = {module: reach(module) for module in modules()}
    return {frozenset(m for m in reached[a] if a in reached[m]) for a in reached} - {frozenset()}


def reach(module):
    """All modules that a module imports, directly or indirectly."""
    found, unread = set(), [module]
    while unread:
        new = imports(unread.pop()) - found
        found |= new
        unread += new
    return found
