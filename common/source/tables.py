"""The names and figures that a network's table gives its blocks, read from the table's text."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from common import spec
from common.networks import PAPERS
from common.plan import Node

UNITS = {"Conv": "Conv", "DepthwiseConv": "Separable", "BatchNorm": "Norm", "ReLU": "ReLU"}


@dataclass(frozen=True)
class Figure:
    """The function of a table that makes a step, what is said of it, and what it is given."""

    function: str = ""
    said: str = ""
    given: Mapping[str, object] = field(default_factory=dict)


@cache
def figures(network: str) -> dict[str, Figure]:
    """For each step of a table the function that makes it."""
    [paper] = [paper for paper in PAPERS if network in paper.DIALECTS]
    tree = ast.parse(Path(str(paper.__file__)).read_text(encoding="utf-8"))
    known = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                call = maker(value, known)
                if isinstance(key, ast.Constant) and call:
                    found[str(key.value)] = read(call, known)
    return found


def maker(value: ast.expr, known: Mapping[str, ast.FunctionDef]) -> ast.Call | None:
    """The innermost call of one of these functions that an expression makes first."""
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    return next((call for call in reversed(calls) if ast.unparse(call.func) in known), None)


def read(call: ast.Call, known: Mapping[str, ast.FunctionDef]) -> Figure:
    """A call, with its arguments by name."""
    function = known[ast.unparse(call.func)]
    names = [argument.arg for argument in function.args.args]
    given = {k.arg or "": k.value for k in call.keywords} | dict(
        zip(names, call.args, strict=False)
    )
    numbers = {name: each.value for name, each in given.items() if isinstance(each, ast.Constant)}
    said = (ast.get_docstring(function) or "").partition("\n")[0]
    return Figure(function.name, said, numbers)


def capitals(name: str) -> str:
    """A name with underscores as that of a class."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace(".", "_").split("_"))


def small(name: str) -> str:
    """The name of a class as that of a function."""
    parts = [f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name)]
    return "".join(parts).replace("_re_l_u", "_relu")


def unit_name(node: Node) -> str:
    """What a convolution with what belongs to it is called, after its words."""
    kinds = [type(child.word).__name__ for child in node.children]
    if kinds[0] == "DepthwiseConv":
        kinds = [kind for kind in kinds if kind != "Conv"]
    name = "".join(UNITS[kind] for kind in kinds)
    return {"ConvNormReLU": "ConvNorm", "ConvNorm": "Projection"}.get(name, name)


def figure(network: str, node: Node) -> Figure:
    """What the table says of a step, or of one of its repeated blocks."""
    step, _, rest = node.path.partition(".")
    known = figures(network).get(step) if not rest or rest.isdigit() else None
    return known or Figure()


def block_name(network: str, node: Node, owner: str) -> str:
    """What a kind of block is called: after its words, its table's function, or where it is."""
    if node.is_unit:
        return unit_name(node)
    if not owner:
        return capitals(figure(network, node).function) or "Head"
    within = [child.is_unit for child in node.children]
    if isinstance(node.word, spec.Concat) and all(within):
        return "Split" if set(node.word.branches) == {"a", "b"} else f"{owner}Branches"
    if isinstance(node.word, spec.Chain) and within == [False, True]:
        return "PoolProjection"
    return owner + capitals(node.name)


def rare_name(name: str, node: Node, owner: str) -> str:
    """What another kind of that name is called: after the step that it stands at."""
    if node.is_unit:
        return name
    return f"Last{name}" if node.name.isdigit() else owner + capitals(node.name)
