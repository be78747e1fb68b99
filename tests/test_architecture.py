"""The rules for packages, files and functions, checked in the code itself."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from imports import circles, imports, modules, reach
from reference_cache import FILES

from common.jobs.call import ROOT
from common.jobs.frameworks import ALL, FRAMEWORKS
from common.spec import Layer

PACKAGES = {ALL[name].package for name in FRAMEWORKS} | {"keras"}
ONNX = {"onnx", "onnxruntime", "openvino"}  # for the package of that name only
OWN = {"pytorch": {"torch"}, "tensorflow": {"tensorflow", "keras"}, "paddle": {"paddle"}}
FOLDERS = {f"{framework}_impl": framework for framework in FRAMEWORKS}
LAYER_TYPES = [layer.__name__ for layer in get_args(Layer)]
# Every file that handles all layer types.
WALKERS = [
    "common/spec/planner.py",
    "common/reference/layers.py",
    "common/reference/gradients.py",
    "pytorch_impl/build.py",
    "tensorflow_impl/build.py",
    "paddle_impl/build.py",
    "common/tools/onnx/build_onnx.py",
    "pytorch_impl/source.py",
    "tensorflow_impl/source.py",
    "paddle_impl/source.py",
]


def tree(path):
    """The syntax tree of a file of the project."""
    return ast.parse((ROOT / path).read_text())


# The packages from left to right: a module imports its own package and those further left.
LEVELS = [
    {"common.errors"},
    {"common.arrays", "common.threads"},
    {"common.spec"},
    {"common.networks"},
    {"common.reference", "common.files"},
    {"common.data"},
    {"common.training"},
    {"common.jobs"},
    {"common.tools.analysis", "common.tools.doctor"},
    {"common.tools.onnx", "common.tools.source", "common.tools.train"},
    {"common.tools.check", "common.tools.zoo"},
    {"common.tools.bench", "common.tools.exercises"},
    {"common.tools.page"},
    {"common.command"},
]
# The list of frameworks names all of them, including ONNX Runtime.
BY_NAME = {("common.jobs.frameworks", "common.tools.onnx")}
FOR_FRAMEWORKS = {
    "common.errors",
    "common.arrays",
    "common.threads",
    "common.spec",
    "common.networks",
    "common.files",
    "common.training",
    "common.tools.check",
    "common.tools.source",
}


def level(module):
    """The position of a module's package in LEVELS; -1 for a package that only contains others."""
    found = [
        n
        for n, parts in enumerate(LEVELS)
        if any(f"{module}.".startswith(f"{part}.") for part in parts)
    ]
    return found[0] if found else -1


def package(module):
    """The package of the table that a module belongs to."""
    return next((p for p in set().union(*LEVELS) if f"{module}.".startswith(f"{p}.")), module)


def imported(path):
    """The top-level names of all modules that a file imports anywhere in its code."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found


def sources(folder):
    """All Python files in a folder and its subfolders."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", sources("common"), ids=str)
def test_common_imports_no_framework_and_only_call_starts_processes(path):
    elsewhere = ONNX if path.parent.name != "onnx" else set()
    assert imported(path) & (PACKAGES | set(FOLDERS) | elsewhere) == set()
    if path != Path("common/jobs/call.py"):
        assert imported(path) & {"subprocess", "multiprocessing"} == set()


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith("common.")])
def test_a_module_imports_only_its_own_package_and_those_to_its_left(module):
    others = [m for m in imports(module) if package(m) != package(module)]
    wrong = {(module, m) for m in others if not level(m) < level(module)} - BY_NAME
    assert wrong == set()


def test_no_modules_import_one_another():
    assert circles() == set()


def test_a_verb_imports_no_other_verb():
    verbs = imports("common.command.verbs") - {"common.command"}
    assert {f"common.command.{name}" for name in ("list", "train", "compare")} <= verbs
    assert {(verb, other) for verb in verbs for other in imports(verb) & verbs} == set()


def test_every_package_is_in_the_table():
    top = {name for name in modules() if name.startswith("common.")}
    assert {name for name in top if level(name) < 0} == {"common.tools"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_framework_folder_imports_these_packages_only(folder):
    for module in modules():
        if module.startswith(folder):
            found = {package(m) for m in imports(module) if m.startswith("common.")}
            assert found - FOR_FRAMEWORKS == set(), module


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_framework_folder_imports_its_own_framework_alone(folder):
    others = (PACKAGES - OWN[FOLDERS[folder]]) | (set(FOLDERS) - {folder})
    for path in sources(folder):
        assert imported(path) & (others | {"subprocess", "multiprocessing"}) == set(), path


def test_the_folders_have_the_same_files():
    names = {folder: {path.name for path in sources(folder)} for folder in FOLDERS}
    # The functions of Keras' earlier backend.
    assert names["tensorflow_impl"] - names["pytorch_impl"] == {"old_backend.py"}
    assert names["pytorch_impl"] <= names["tensorflow_impl"]
    # Paddle's weights files are written without Paddle.
    assert names["pytorch_impl"] - names["paddle_impl"] == {"files.py"}


@pytest.mark.parametrize("file", sorted({p.name for p in sources("pytorch_impl")} - {"files.py"}))
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
def test_custom_layers_are_in_the_order_of_the_layer_types(folder):
    body = tree(f"{folder}/custom_layers.py").body
    own = [
        node.name for node in body if isinstance(node, ast.ClassDef) and node.name in LAYER_TYPES
    ]
    assert own == sorted(own, key=LAYER_TYPES.index)


@pytest.mark.parametrize("path", WALKERS)
def test_every_walker_knows_every_layer_type_in_the_same_order(path):
    matches = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Match)]
    cases = [case for match in sorted(matches, key=lambda m: m.lineno) for case in match.cases]
    words = re.findall(r"spec\.(\w+)\(", " ".join(ast.unparse(case.pattern) for case in cases))
    assert sorted(words) == sorted(LAYER_TYPES)
    if path != "common/spec/planner.py":  # it groups the types that keep a map's shape
        assert words == LAYER_TYPES


def test_every_folder_of_code_is_installed():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = ["common", *FOLDERS]
    files = [path for folder in folders for path in (ROOT / folder).rglob("__init__.py")]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in files}
    assert set(about["tool"]["setuptools"]["packages"]) == found


# Distributions whose name is not that of the package which is imported.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "onnxruntime": "onnxruntime",
    "paddle": "paddlepaddle",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow-cpu",
    "tomli_w": "tomli-w",
    "yaml": "pyyaml",
}
BUILDER = "docs/book/builder"


def test_every_package_that_is_imported_is_declared():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for extra in about["optional-dependencies"].values() for each in extra]
    declared = {re.match(r"[\w.-]+", each)[0] for each in about["dependencies"] + extras}
    folders = ("common", *FOLDERS, BUILDER)
    found = set().union(*(imported(path) for folder in folders for path in sources(folder)))
    own = {path.stem for path in sources(BUILDER)} | set(folders)
    others = found - sys.stdlib_module_names - own - {""}
    assert {DISTRIBUTIONS.get(name, name) for name in others} - declared == set()


def test_kept_results_depend_on_all_code_that_computes_them():
    used = [modules()[name] for name in reach("common.reference.network")]
    hashed = {path for pattern in FILES for path in ROOT.glob(pattern)}
    assert set(used) - hashed == set()
