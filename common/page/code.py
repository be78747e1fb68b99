"""The code of a step, as the network by hand has it in each framework."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from common.jobs.frameworks import ALL, FRAMEWORKS

ROOT = Path(__file__).resolve().parents[2]
BY_HAND = "googlenet"  # the one network that is written by hand, in a file of this name


@dataclass(frozen=True)
class Excerpt:
    """The line that makes a step, and the class that it is made of."""

    line: str
    block: str


def excerpts(network: str, step: str) -> dict[str, Excerpt]:
    """A step's code by framework; none for networks that are not written by hand."""
    if network != BY_HAND:
        return {}
    found = {name: excerpt(name, step) for name in FRAMEWORKS}
    return {name: each for name, each in found.items() if each}


def excerpt(framework: str, step: str) -> Excerpt | None:
    """The code of a step in one framework; None where the network has it under no name."""
    text, classes = parsed(framework)
    own = "pool" if step.startswith("maxpool") else step
    for node in ast.walk(classes["GoogLeNet"]):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"self.{own}":
            block = made_of(node.value, classes)
            source = ast.get_source_segment(text, classes[block]) if block else ""
            return Excerpt(ast.get_source_segment(text, node) or "", source or "")
    return None


def made_of(call: ast.expr, classes: dict[str, ast.ClassDef]) -> str:
    """The class of the file that a call makes an instance of, if it is one."""
    name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
    return name if name in classes else ""


@cache
def parsed(framework: str) -> tuple[str, dict[str, ast.ClassDef]]:
    """The file by hand, and its classes by name."""
    text = (ROOT / ALL[framework].folder / f"{BY_HAND}.py").read_text()
    tree = ast.parse(text)
    return text, {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
