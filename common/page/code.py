"""The code of a step, cut from the source that is printed of the network in each framework."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from common.jobs.frameworks import FRAMEWORKS, import_printer
from common.plan import Plan

BORDERS = ("x = layers.ZeroPadding2D(", "x = ops.pad(")  # in Keras a line of their own


@dataclass(frozen=True)
class Excerpt:
    """The lines that make a step, and the block that it is made of."""

    line: str
    block: str


def excerpts(plan: Plan) -> dict[str, dict[str, Excerpt]]:
    """The code of every step and head by its path, then by framework."""
    found: dict[str, dict[str, Excerpt]] = {}
    steps = [node.path for node in (*plan.body.children, *plan.heads.values())]
    for framework in FRAMEWORKS:
        text = import_printer(framework).source(plan)
        tree = ast.parse(text)
        blocks = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)}
        makers = [makers_in(node) for node in blocks.values()]
        statements = max(makers, key=lambda made: len(set(made) & set(steps)))
        for step in steps:
            if step in statements:
                lines = "\n".join(cut(text, node) for node in statements[step])
                block = block_of(statements[step], blocks)
                whole = cut(text, blocks[block]) if block else ""
                found.setdefault(step, {})[framework] = Excerpt(lines, whole)
    return found


def makers_in(block: ast.ClassDef | ast.FunctionDef) -> dict[str, list[ast.stmt]]:
    """The statements that make each step, in the class or function of a network."""
    found: dict[str, list[ast.stmt]] = {}
    body = block.body
    if isinstance(block, ast.ClassDef):
        first = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        body = first[0].body if first else []
    borders: list[ast.stmt] = []
    for node in body:
        for name in steps_made(node):
            found.setdefault(name, []).extend((*borders, node))
        borders = [node] if ast.unparse(node).startswith(BORDERS) else []
    return found


def steps_made(node: ast.stmt) -> list[str]:
    """The names of the steps that a statement makes: one, or in a loop several."""
    match node:
        case ast.Assign(targets=[ast.Attribute(attr=name)]):
            return [name]
        case ast.For(iter=over):
            for each in ast.walk(node):
                match each:
                    case ast.JoinedStr(values=[ast.Constant(value=str(start)), _]):
                        if start.endswith("_"):  # numbered blocks within one step
                            return [start.removesuffix("_")]
                        return [f"{start}{end}" for end in ends(over)]
        case ast.Assign(value=value):
            named = (
                k.value
                for c in ast.walk(value)
                if isinstance(c, ast.Call)
                for k in c.keywords
                if k.arg == "name"
            )
            return [str(n.value) for n in named if isinstance(n, ast.Constant)]
    return []


def ends(over: ast.expr) -> Sequence[object]:
    """What a loop over letters or numbers gives."""
    match over:
        case ast.Constant(value=str(letters)):
            return letters
        case ast.Call(args=[ast.Constant(value=int(first)), ast.Constant(value=int(last))]):
            return range(first, last)
    return ()


def block_of(statements: Sequence[ast.stmt], blocks: dict) -> str:
    """The class or function of the file that statements call first, if any."""
    calls = (n for each in statements for n in ast.walk(each) if isinstance(n, ast.Call))
    return next((name for n in calls if (name := ast.unparse(n.func)) in blocks), "")


def cut(text: str, node: ast.stmt) -> str:
    """The text of a statement, its lines moved to the left edge."""
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    return "\n".join(line[node.col_offset :] for line in lines)
