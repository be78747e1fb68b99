"""The names and figures that a network's table gives its blocks, read from the table's text."""

import ast
from functools import cache
from pathlib import Path

from common import spec
from common.networks import PAPERS
from common.plan import Node

UNITS = {"Conv": "Conv", "DepthwiseConv": "Separable", "BatchNorm": "Norm", "ReLU": "ReLU"}


@cache
def figures(network: str) -> dict[str, tuple[str, str]]:
    """For each step of a table the function that makes it, and the first line of its docstring."""
    [paper] = [paper for paper in PAPERS if network in paper.DIALECTS]
    tree = ast.parse(Path(str(paper.__file__)).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    known = {f.name: (ast.get_docstring(f) or "").partition("\n")[0] for f in functions}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                made = maker(value, known)
                if isinstance(key, ast.Constant) and made:
                    found[str(key.value)] = (made, known[made])
    return found


def maker(value: ast.expr, known: dict[str, str]) -> str:
    """The innermost of these functions that an expression calls first."""
    called = [n.func for n in ast.walk(value) if isinstance(n, ast.Call)]
    names = [function.id for function in called if isinstance(function, ast.Name)]
    return next((name for name in reversed(names) if name in known), "")


def capitals(name: str) -> str:
    """A name with underscores as that of a class."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace(".", "_").split("_"))


def unit_name(node: Node) -> str:
    """What a convolution with what belongs to it is called, after its words."""
    kinds = [type(child.word).__name__ for child in node.children]
    if kinds[0] == "DepthwiseConv":
        kinds = [kind for kind in kinds if kind != "Conv"]
    name = "".join(UNITS[kind] for kind in kinds)
    return {"ConvNormReLU": "ConvNorm", "ConvNorm": "Projection"}.get(name, name)


def figure(network: str, node: Node) -> tuple[str, str]:
    """The function that makes a step, or one of its repeated blocks, and what is said of it."""
    step, _, rest = node.path.partition(".")
    return figures(network).get(step, ("", "")) if not rest or rest.isdigit() else ("", "")


def block_name(network: str, node: Node, owner: str) -> str:
    """What a kind of block is called: after its words, its table's function, or where it is."""
    if node.is_unit:
        return unit_name(node)
    if not owner:
        return capitals(figure(network, node)[0]) or "Head"
    within = [child.is_unit for child in node.children]
    if isinstance(node.word, spec.Concat) and all(within):
        return "Split" if set(node.word.branches) == {"a", "b"} else f"{owner}Branches"
    if isinstance(node.word, spec.Chain) and within == [False, True]:
        return "PoolProjection"
    return owner + capitals(node.name)
