"""Copies definitions from the project's own source files, with everything that they need."""

import ast
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from common.tools.source.printed import words_in

COMMON = Path(__file__).parents[2]
# Modules whose definitions custom layers may use.
SHARED = (COMMON / "spec" / "layer_types.py", COMMON / "spec" / "padding.py")


@cache
def definitions(file: Path) -> dict[str, tuple[str, ast.stmt]]:
    """The definitions in a file by name, as source text and syntax tree."""
    text = file.read_text(encoding="utf-8")
    by_name: dict[str, tuple[str, ast.stmt]] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                first = min((d.lineno for d in node.decorator_list), default=node.lineno)
                lines = text.splitlines()[first - 1 : node.end_lineno]
                by_name[name] = ("\n".join(lines), node)
            case ast.Assign(targets=[ast.Name(id=name)]):
                by_name[name] = (ast.get_source_segment(text, node) or "", node)
    return by_name


def needed(file: Path, used: Iterable[str]) -> dict[str, str]:
    """The source text of a file's definitions that are used, directly or by one another."""
    known = {name: each for f in (*SHARED, file) for name, each in definitions(f).items()}
    wanted, todo = set(), [name for name in used if name in (*definitions(file), "Size")]
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo += [other for other in words_in([known[name][0]]) if other in known]
    return {name: text for name, (text, _) in known.items() if name in wanted}


def imports_of(file: Path, used: Collection[str]) -> list[str]:
    """The file's imports of used names in groups, without those from this project."""
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


def folded(file: Path, blocks: dict[str, str]) -> dict[str, str]:
    """The blocks; a custom base class without `__init__` is merged into its only subclass."""
    text = "\n".join(blocks.values())
    for name, (own, base) in definitions(file).items():
        start = re.compile(rf"^class (\w+)\({name}\):")
        if isinstance(base, ast.ClassDef) and re.findall(rf"\b{name}\b", text) == [name]:
            methods = "\n\n    def " + own.partition("\n    def ")[2]
            if "__init__" not in methods:
                heir = rf"class \1({ast.unparse(base.bases[0])}):"
                for block, lines in blocks.items():
                    if start.match(lines):
                        blocks = blocks | {block: start.sub(heir, lines + methods)}
    return blocks
