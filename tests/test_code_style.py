"""Bounds of files, functions and lines, and arguments that are passed by name."""

import ast
from collections import Counter

import pytest
from test_architecture import FOLDERS, sources, tree

from common.jobs.call import ROOT

EVERYTHING = [path for folder in ("common", *FOLDERS, "tests") for path in sources(folder)]


@pytest.mark.parametrize("path", EVERYTHING, ids=str)
def test_files_and_functions_are_read_in_one_sitting(path):
    """At most 250 lines per file, 120 per class, 40 per function."""
    assert len((ROOT / path).read_text().splitlines()) <= 250
    most = {ast.FunctionDef: 40, ast.AsyncFunctionDef: 40, ast.ClassDef: 120}
    nodes = [node for node in ast.walk(tree(path)) if type(node) in most]
    assert [n.name for n in nodes if n.end_lineno - n.lineno >= most[type(n)]] == []


# Ruff bounds only the lines of Python.
SUFFIXES = {".html", ".svg", ".css", ".js"}
TEMPLATES = [path for path in (ROOT / "common").rglob("*") if path.suffix in SUFFIXES]


def test_no_line_of_a_template_style_or_script_is_longer_than_100_characters():
    assert {path.suffix for path in TEMPLATES} == SUFFIXES
    lines = {path.name: path.read_text("utf-8").splitlines() for path in TEMPLATES}
    assert {name for name in lines if max(map(len, lines[name])) > 100} == set()


# In tables, layers are written as `Conv(64, 3)`, in the order of the frameworks' arguments.
POSITIONAL = "common/spec/layer_types.py"


def positional(node):
    """The types of the fields of a dataclass that can be passed by position."""
    annotations = [each.annotation for each in node.body if isinstance(each, ast.AnnAssign)]
    types = [text for text in map(ast.unparse, annotations) if "ClassVar" not in text]
    return types[: types.index("KW_ONLY")] if "KW_ONLY" in types else types


@pytest.mark.parametrize("folder", ["common", *FOLDERS])
def test_dataclasses_with_two_fields_of_a_type_take_keywords(folder):
    for path in sources(folder):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ClassDef) or str(path).endswith(POSITIONAL):
                continue
            how = "".join(ast.unparse(each) for each in node.decorator_list)
            if how.startswith("dataclass") and "kw_only=True" not in how:
                assert max(Counter(positional(node)).values(), default=0) < 2, (path, node.name)
