"""Runs a user's file or notebook up to its network, as far as it can be run here."""

import ast
import builtins
import importlib
import importlib.util
import linecache
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from common.errors import DataError
from common.tools.check.check_jobs import Check
from common.tools.check.checker import Checker
from common.tools.check.detect import FRAMEWORK
from common.tools.check.notebooks import source_of
from common.tools.check.packages import MAX_ABOVE, folder_of, package_of
from common.tools.check.source_lines import Lines, what_happened
from common.tools.check.stand_ins import Finder, fill_in
from common.tools.check.usual_names import supply, undefined_names

PYTHON_2 = "written for Python 2; print statements are treated as function calls"
MAX_MISSING = 40  # modules of one file that are replaced by stand-ins


class StopHere(BaseException):
    """Raised where the user's file starts to train or to download; the network exists by then."""


@dataclass
class UserFile:
    """A user's file that has been run: its module, its source, and what is worth reporting.

    `failures` are the errors of statements that failed, first to last, with their lines; `missing`
    are the modules that are not installed; `broken` are networks that do not run.
    """

    module: ModuleType
    source: str = ""
    tree: ast.AST | None = None
    notes: list[str] = field(default_factory=list)
    failures: list[tuple[int, BaseException]] = field(default_factory=list)
    missing: Sequence[str] = ()
    broken: set[str] = field(default_factory=set)

    def failed_calls(self) -> Iterator[ast.Call]:
        """Yields the calls in the statements that failed."""
        failed = {number for number, _ in self.failures}
        for statement in getattr(self.tree, "body", ()):
            if statement.lineno in failed:
                yield from (each for each in ast.walk(statement) if isinstance(each, ast.Call))

    def calls(self) -> dict[str, Counter[str]]:
        """How often each class and function of the file calls each name."""
        found: dict[str, Counter[str]] = {}
        for each in getattr(self.tree, "body", ()):
            if isinstance(each, ast.ClassDef | ast.FunctionDef):
                calls = [part.func for part in ast.walk(each) if isinstance(part, ast.Call)]
                found[each.name] = Counter(part.id for part in calls if isinstance(part, ast.Name))
        return found

    def calls_of(self, name: str) -> list[str]:
        """The calls of a name that stand in the file, as text."""
        calls = (
            [each for each in ast.walk(self.tree) if isinstance(each, ast.Call)]
            if self.tree
            else []
        )
        own = [each for each in calls if isinstance(each.func, ast.Name) and each.func.id == name]
        return list(dict.fromkeys(ast.unparse(each) for each in own))[:4]

    def unfinished(self) -> set[str]:
        """The names of the networks to which a statement failed to add a layer."""
        adding = [each.func for each in self.failed_calls() if isinstance(each.func, ast.Attribute)]
        own = [each.value for each in adding if each.attr == "add"]
        return {each.id for each in own if isinstance(each, ast.Name)}


def load_user_file(job: Check, path: Path, checker: Checker, lines: Lines) -> UserFile:
    """Runs the user's file or imports the module; raises DataError where neither is possible."""
    depth = sys.getrecursionlimit()
    try:
        if not job.source.endswith((".py", ".ipynb")):
            module = importlib.import_module(job.source)
            lines.file = getattr(module, "__file__", "") or ""
            return UserFile(module)
        lines.file = str(path)
        sys.path.insert(0, str(path.parent))  # as `python FILE.py` would
        return run_file(path, checker, lines)
    finally:
        sys.setrecursionlimit(depth)  # the file may have lowered it below what a network needs


def run_file(path: Path, checker: Checker, lines: Lines) -> UserFile:
    """Runs a file statement by statement, again for each module that turns out to be missing."""
    source = source_of(path)
    if path.suffix == ".ipynb":
        linecache.cache[str(path)] = (len(source), None, source.splitlines(True), str(path))
    code = source if path.suffix == ".ipynb" else path.read_bytes()
    tree, old = parsed(code, source, path)
    package = package_of(path, tree)
    finder = finder_for(path, checker)
    used = [*old, *checker.OLD_NAMES.install(source)]
    unknown = undefined_names(tree)
    for _ in range(MAX_MISSING):
        found = UserFile(module_for(path, package), source, tree)
        supplied = supply(found.module, unknown, checker.OLD_NAMES)
        with stopped(checker.TRAINING):
            run_statements(tree, found, path)
        if [each for _, each in found.failures if fill_in(each, finder)]:
            continue
        missing = next(filter(None, (missing_module(each) for _, each in found.failures)), "")
        if not missing or missing in finder.names:
            break
        folder = folder_of(missing, path)
        if folder and str(folder) not in sys.path:
            sys.path.append(str(folder))
        elif reason := checker.OLD_NAMES.reason(missing):
            raise DataError(f"{path.name}: {reason}")
        else:
            finder.names[missing] = None
    found.notes += [*used, *supplied]
    found.missing = [*finder.names]
    if finder.names or finder.filled:
        names = ", ".join([*map(with_likely, finder.names), *finder.filled])
        found.notes.append(f"not installed, replaced by empty stand-ins: {names}")
    if found.failures:
        number, error = found.failures[0]
        text = what_happened(error, lines.file).partition(": ")[2]
        found.notes.append(f"line {number} failed ({text}); the rest was executed")
    return found


def with_likely(name: str) -> str:
    """The name of a module, with the package of which it may be a misspelling."""
    top = name.partition(".")[0]
    likely = get_close_matches(top, FRAMEWORK, 1, 0.75)
    return f"{name} (a misspelling of {likely[0]}?)" if likely and likely[0] != top else name


def parsed(code: str | bytes, source: str, path: Path) -> tuple[ast.Module, list[str]]:
    """The syntax tree of a file, and a note if its print statements are those of Python 2."""
    try:
        return ast.parse(code, str(path)), []
    except SyntaxError as error:
        if "print" not in str(error.msg):
            raise
        text = re.sub(r"(?m)^([ \t]*)print (?!\()(.*?)[ \t\r]*$", r"\1print(\2)", source)
        try:
            return ast.parse(text, str(path)), [PYTHON_2]
        except SyntaxError:
            raise error from None


def module_for(path: Path, package: str) -> ModuleType:
    """A new module for a file, registered under a name that hides no other module."""
    name = own_name(path)
    module = ModuleType(f"{package}.{name}" if package else name)
    module.__file__ = str(path)
    module.__package__ = package
    module.__dict__["__builtins__"] = builtins
    sys.modules[module.__name__] = module
    return module


def own_name(path: Path) -> str:
    """The module name for a file, such that a file `keras.py` does not hide Keras."""
    other = sys.modules.get(path.stem)
    is_other = other is not None and getattr(other, "__file__", "") != str(path)
    return f"{path.stem}_of_yours" if is_other else path.stem


def finder_for(path: Path, checker: Checker) -> Finder:
    """The finder of this process, which knows the modules that an earlier run has missed."""
    for each in sys.meta_path:
        if isinstance(each, Finder):
            return each
    finder = Finder(checker.NETWORK, list(path.parents)[: MAX_ABOVE + 1])
    sys.meta_path.append(finder)
    return finder


def run_statements(tree: ast.Module, found: UserFile, path: Path) -> None:
    """Runs the statements of a file in order; those that fail are noted and left out."""
    future = [each for each in tree.body if is_future(each)]
    for number, statement in enumerate(tree.body):
        body = [statement] if statement in future or not future else [*future, statement]
        if (
            number == 0
            and isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
        ):
            found.module.__doc__ = str(statement.value.value)
        try:
            exec(compile(ast.Module(body, []), str(path), "exec"), found.module.__dict__)
        except StopHere:
            line = statement.lineno
            found.notes.append(f"line {line} trains or downloads; skipped")
        except BaseException as error:  # even SystemExit
            found.failures.append((statement.lineno, error))


def is_future(statement: ast.AST) -> bool:
    """Whether a statement is `from __future__ import ...`, which every part of a file needs."""
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def missing_module(error: BaseException) -> str:
    """The module whose absence caused an error; "" if that is not the cause."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        return error.name if importlib.util.find_spec(top) else top
    return ""


@contextmanager
def stopped(places: Sequence[tuple[Any, str]]) -> Iterator[None]:
    """Inside the `with` block, functions that train or download raise StopHere."""

    def stop(*_: Any, **__: Any) -> None:
        raise StopHere

    own: list[tuple[Any, str, Callable]] = [
        (owner, name, getattr(owner, name)) for owner, name in places if hasattr(owner, name)
    ]
    for owner, name, _ in own:
        setattr(owner, name, stop)
    try:
        yield
    finally:
        for owner, name, function in own:
            setattr(owner, name, function)
