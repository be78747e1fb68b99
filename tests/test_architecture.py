"""The rules of the house that the code itself can be asked about."""

import ast
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from common.jobs.frameworks import ALL, FRAMEWORKS
from common.jobs.worker import ROOT
from common.spec import Word

PACKAGES = {ALL[name].package for name in FRAMEWORKS} | {"keras"}
ONNX = {"onnx", "onnxruntime", "openvino"}  # for the room of that name alone
OWN = {"pytorch": {"torch"}, "tensorflow": {"tensorflow", "keras"}, "paddle": {"paddle"}}
FOLDERS = {f"{framework}_impl": framework for framework in FRAMEWORKS}
WORDS = [word.__name__ for word in get_args(Word)]
# Every walker of the grammar.
WALKERS = [
    "common/planner.py",
    "common/reference.py",
    "common/gradient.py",
    "pytorch_impl/build.py",
    "tensorflow_impl/build.py",
    "paddle_impl/build.py",
    "common/onnx/build.py",
    "pytorch_impl/source.py",
    "tensorflow_impl/source.py",
    "paddle_impl/source.py",
]


def tree(path):
    """A file of the project, parsed."""
    return ast.parse((ROOT / path).read_text())


# The parts of `common`: each may import those above it, and those beside it.
ROOMS_IN_ORDER = [
    {"preprocess", "errors", "arrays", "notebook", "threads"},
    {"spec"},
    {"rewrite", "windows"},
    {"networks"},
    {"plan"},
    {"planner"},
    {"reference", "initial", "files", "data"},
    {"gradient"},
    {"judge"},
    {"analysis", "training", "onnx", "source"},
    {"check"},
    {"jobs"},
    {"zoo"},
    {"bench"},
    {"page"},
    {"command"},
]


def imported_from_common(path):
    """The parts of `common` that a file imports."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "common":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("common."):
            found.add(node.module.split(".")[1])
    return found


def imported(path):
    """The first part of the name of every module that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found


def sources(folder):
    """Every Python file in a folder and below."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", sources("common"), ids=str)
def test_common_imports_no_framework_and_only_the_worker_starts_processes(path):
    elsewhere = ONNX if path.parent.name != "onnx" else set()
    assert imported(path) & (PACKAGES | set(FOLDERS) | elsewhere) == set()
    if path != Path("common/jobs/worker.py"):
        assert imported(path) & {"subprocess", "multiprocessing"} == set()


def level(part):
    """How far to the right a part of `common` stands."""
    return next(number for number, parts in enumerate(ROOMS_IN_ORDER) if part in parts)


@pytest.mark.parametrize("path", sources("common"), ids=str)
def test_a_room_imports_only_what_stands_to_its_left_or_beside_it(path):
    if path != Path("common/__init__.py"):
        own = path.parts[1].removesuffix(".py")
        assert {part for part in imported_from_common(path) if level(part) > level(own)} == set()


HEART = {
    "notebook",
    "spec",
    "preprocess",
    "errors",
    "arrays",
    "windows",
    "networks",
    "plan",
    "planner",
}
FOR_FRAMEWORKS = HEART | {"check", "files", "source", "threads", "training"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_framework_folder_imports_the_heart_files_source_and_training_alone(folder):
    for path in sources(folder):
        assert imported_from_common(path) - FOR_FRAMEWORKS == set(), path


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_framework_folder_imports_its_own_framework_alone(folder):
    others = (PACKAGES - OWN[FOLDERS[folder]]) | (set(FOLDERS) - {folder})
    for path in sources(folder):
        assert imported(path) & (others | {"subprocess", "multiprocessing"}) == set(), path


def test_the_folders_have_the_same_files():
    names = {folder: {path.name for path in sources(folder)} for folder in FOLDERS}
    assert names["pytorch_impl"] == names["tensorflow_impl"]
    assert names["pytorch_impl"] - names["paddle_impl"] == {"files.py"}


@pytest.mark.parametrize(
    "file",
    [
        "__init__.py",
        "googlenet.py",
        "optimizers.py",
        "peers.py",
        "processes.py",
        "train.py",
        "weights.py",
    ],
)
def test_the_same_file_defines_the_same_things_in_the_same_order(file):
    defined = {}
    for folder in FOLDERS:
        kinds = (ast.FunctionDef, ast.ClassDef)
        body = tree(f"{folder}/{file}").body
        defined[folder] = [node.name for node in body if isinstance(node, kinds)]
    common = set.intersection(*map(set, defined.values()))
    orders = {tuple(name for name in names if name in common) for names in defined.values()}
    assert len(orders) == 1
    assert common


@pytest.mark.parametrize("folder", FOLDERS)
def test_own_layers_stand_in_the_grammars_order(folder):
    body = tree(f"{folder}/own_layers.py").body
    own = [node.name for node in body if isinstance(node, ast.ClassDef) and node.name in WORDS]
    assert own == sorted(own, key=WORDS.index)


@pytest.mark.parametrize("path", WALKERS)
def test_every_walker_knows_every_word_in_the_grammars_order(path):
    matches = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Match)]
    cases = [case for match in sorted(matches, key=lambda m: m.lineno) for case in match.cases]
    words = re.findall(r"spec\.(\w+)\(", " ".join(ast.unparse(case.pattern) for case in cases))
    assert sorted(words) == sorted(WORDS)
    if path != "common/planner.py":  # which says the words together that keep a map's shape
        assert words == WORDS


EVERYTHING = [path for folder in ("common", *FOLDERS, "tests") for path in sources(folder)]


@pytest.mark.parametrize("path", EVERYTHING, ids=str)
def test_files_and_functions_are_read_in_one_sitting(path):
    """At most 250 lines per file, 40 per function."""
    assert len((ROOT / path).read_text().splitlines()) <= 250
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]
    assert [f.name for f in functions if f.end_lineno - f.lineno >= 40] == []


def test_every_folder_of_code_is_installed():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = ["common", *FOLDERS]
    files = [path for folder in folders for path in (ROOT / folder).rglob("__init__.py")]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in files}
    assert set(about["tool"]["setuptools"]["packages"]) == found
