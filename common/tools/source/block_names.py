"""The names of kinds of block in generated source, after their layers, function or place."""

import re

from common import spec
from common.spec.block import BuiltBy
from common.spec.plan import Node

UNITS = {"Conv": "Conv", "DepthwiseConv": "Separable", "BatchNorm": "Norm", "ReLU": "ReLU"}


def capitals(name: str) -> str:
    """A name with underscores, turned into a class name."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace(".", "_").split("_"))


def small(name: str) -> str:
    """A class name, turned into a function name."""
    parts = [f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name)]
    return "".join(parts).replace("_re_l_u", "_relu")


def unit_name(node: Node) -> str:
    """The name of a unit (a convolution with its batch norm and ReLU), after its layers."""
    kinds = [type(child.layer).__name__ for child in node.children]
    if kinds[0] == "DepthwiseConv":
        kinds = [kind for kind in kinds if kind != "Conv"]
    name = "".join(UNITS[kind] for kind in kinds)
    return {"ConvNormReLU": "ConvNorm", "ConvNorm": "Projection"}.get(name, name)


def built_by(node: Node) -> BuiltBy:
    """The record of the function that built a block; an empty one if there is none."""
    return getattr(node.layer, "built_by", None) or BuiltBy()


def block_name(node: Node, owner: str) -> str:
    """The name of a kind of block, after its layers, its table function or its place."""
    if node.is_conv_unit:
        return unit_name(node)
    if not owner:
        return capitals(re.sub(r"_v\d$", "", built_by(node).function)) or "Head"
    within = [child.is_conv_unit for child in node.children]
    if isinstance(node.layer, spec.Concat) and all(within):
        return "Split" if set(node.layer.branches) == {"a", "b"} else f"{owner}Branches"
    if isinstance(node.layer, spec.Chain) and within == [False, True]:
        return "PoolProjection"
    return owner + capitals(node.name)


def rare_name(name: str, node: Node, owner: str) -> str:
    """The name of a kind of block whose usual name is taken, after its layer."""
    if node.is_conv_unit:
        return name
    return f"Last{name}" if node.name.isdigit() else owner + capitals(node.name)
