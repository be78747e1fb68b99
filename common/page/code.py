"""The code of a step, cut from the source that is printed of the network in each framework."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from common.jobs.frameworks import FRAMEWORKS, import_printer
from common.plan import Plan

BORDERS = ("x = layers.ZeroPadding2D(", "x = ops.pad(")  # in Keras a line of their own
Block = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class Excerpt:
    """The lines that make a step; the classes or functions that they call, the nearest first."""

    line: str
    block: str


def excerpts(plan: Plan) -> dict[str, dict[str, Excerpt]]:
    """The code of every step and head by its path, then by framework."""
    found: dict[str, dict[str, Excerpt]] = {}
    steps = [node.path for node in (*plan.body.children, *plan.heads.values())]
    for framework in FRAMEWORKS:
        text = import_printer(framework).source(plan)
        tree = ast.parse(text)
        blocks: dict[str, Block] = {n.name: n for n in tree.body if isinstance(n, Block)}
        makers = [makers_in(node, steps) for node in blocks.values()]
        statements = max(makers, key=len)
        for step in steps:
            if step in statements:
                lines = "\n".join(cut(text, node) for node in statements[step])
                called = [cut(text, each) for each in called_by(statements[step], blocks)]
                found.setdefault(step, {})[framework] = Excerpt(lines, "\n\n\n".join(called))
    return found


def makers_in(block: Block, steps: Sequence[str]) -> dict[str, list[ast.stmt]]:
    """The statements that make each step, in the class or function of a network."""
    found: dict[str, list[ast.stmt]] = {}
    body = block.body
    if isinstance(block, ast.ClassDef):
        first = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        body = first[0].body if first else []
    borders: list[ast.stmt] = []
    for node in body:
        for name in steps_made(node):
            # A block of several in one step is numbered.
            step = name if name in steps else re.sub(r"_\d+$", "", name)
            if step in steps:
                found.setdefault(step, []).extend((*borders, node))
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
                        if start.endswith("_"):
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


def called_by(statements: Sequence[ast.stmt], blocks: dict[str, Block]) -> list[Block]:
    """The classes and functions of the file that statements call, and those that these call."""
    found: set[str] = set()
    unread: list[ast.stmt] = list(statements)
    while unread:
        names = {node.id for node in ast.walk(unread.pop()) if isinstance(node, ast.Name)}
        new = (names & blocks.keys()) - found
        found |= new
        unread += [blocks[name] for name in new]
    return [blocks[name] for name in reversed(blocks) if name in found]


def cut(text: str, node: ast.stmt) -> str:
    """The text of a statement, its lines moved to the left edge."""
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    return "\n".join(line[node.col_offset :] for line in lines)
