"""Definitions taken from the text of the project's own files, with all that they need."""

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

COMMON = Path(__file__).parents[1]
SHARED = (COMMON / "spec.py", COMMON / "windows.py")  # of which own layers may use something


@cache
def definitions(file: Path) -> dict[str, tuple[str, ast.stmt]]:
    """What a file defines, by name, as text and parsed."""
    text = file.read_text(encoding="utf-8")
    found: dict[str, tuple[str, ast.stmt]] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                first = min((d.lineno for d in node.decorator_list), default=node.lineno)
                lines = text.splitlines()[first - 1 : node.end_lineno]
                found[name] = ("\n".join(lines), node)
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = (ast.get_source_segment(text, node) or "", node)
    return found


def names_in(tree: ast.AST) -> set[str]:
    """Every plain name that stands in some code."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def needed(file: Path, used: Iterable[str]) -> list[str]:
    """The texts of what is used of a file's definitions, and of what these use in turn."""
    known = {name: each for f in (*SHARED, file) for name, each in definitions(f).items()}
    wanted, todo = set(), [name for name in used if name in (*definitions(file), "Size")]
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo += [other for other in names_in(known[name][1]) if other in known]
    return [text for name, (text, _) in known.items() if name in wanted]


def imports_of(file: Path, text: str) -> list[str]:
    """The file's imports that the text uses, without those from the project, in three groups."""
    used = names_in(ast.parse(text))
    groups: tuple[list[str], list[str]] = ([], [])
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept = [a for a in node.names if (a.asname or a.name.partition(".")[0]) in used]
            module = getattr(node, "module", "") or ""
            if kept and not module.startswith("common"):
                node.names = kept
                first = (module or kept[0].name).split(".")[0]
                groups[first not in ("math", "collections")].append(ast.unparse(node))
    return [line for group in groups if group for line in (*group, "")]


def folded(file: Path, parts: list[str]) -> list[str]:
    """The classes, where one alone is derived from an own one without `__init__`: that in it."""
    text = "\n".join(parts)
    for name, (own, base) in definitions(file).items():
        start = re.compile(rf"^class (\w+)\({name}\):")
        if isinstance(base, ast.ClassDef) and re.findall(rf"\b{name}\b", text) == [name]:
            methods = "\n\n    def " + own.partition("\n    def ")[2]
            if "__init__" not in methods:
                heir = rf"class \1({ast.unparse(base.bases[0])}):"
                found = [part + methods if start.match(part) else part for part in parts]
                parts = [start.sub(heir, part) for part in found]
    return parts
