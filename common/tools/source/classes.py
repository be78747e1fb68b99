"""A plan as classes, for PyTorch and Paddle: one per kind of block, and one for the network."""

from collections.abc import Callable
from dataclasses import dataclass

from common import spec
from common.spec.plan import Node
from common.tools.source.blocks import Block, Place, repeats
from common.tools.source.expressions import Call, Expression, call, signature, statement
from common.tools.source.module import Network, Sheet, arguments, doc_of, in_loops, map_text

FORWARD = """
    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        heads = {{}}
        for name, layer in self.named_children():
            if not isinstance(layer, {heads}):
                x = layer(x)
            elif self.training:
                heads[name] = layer(x)
        return {{"logits": x, **heads}} if self.training else x"""


@dataclass(frozen=True, kw_only=True)
class Idiom:
    """The source of a class of layers in a framework."""

    module: str  # the base class of a network with heads
    add: str  # the method that adds a named layer
    layer: Callable[[Sheet, Place], Expression]  # the code that creates a layer
    parent: Callable[[Node], tuple[str, str]]  # a block's base class and its arguments


def classes(sheet: Sheet, idiom: Idiom) -> dict[str, list[str]]:
    """The lines of each block's class, by class name."""
    return {block.name: block_lines(sheet, idiom, block) for block in sheet.blocks}


def block_lines(sheet: Sheet, idiom: Idiom, block: Block) -> list[str]:
    """The lines of the class for a kind of block."""
    place = sheet.place(block)
    # The layers come first, because writing them determines the arguments.
    layers = [(child.node.name, idiom.layer(sheet, child)) for child in place.children()]
    base, first = idiom.parent(place.node)
    lines = [f"class {block.name}({base}):", *doc_of(sheet, block)]
    lines += signature(1, "__init__", ["self", *arguments(block.scope)], " -> None:")
    lines.append(f"        super().__init__({first})")
    for name, expression in layers:
        lines += statement(2, f"self.{name} = ", expression)
    return lines


def network_class(sheet: Sheet, idiom: Idiom) -> Network:
    """The class of the network."""
    plan, places = sheet.plan, sheet.network_places()
    texts = [str(idiom.layer(sheet, place)) for place in places]
    base = idiom.module if plan.heads else "nn.Sequential"
    network = Network([f"class {sheet.network_name}({base}):"])
    network.add([], signature(1, "__init__", ["self", *sheet.asked], " -> None:"))
    network.add([], ["        super().__init__()"])
    for equal, loop in in_loops(places, texts):
        node = equal[0].node
        layer, comment = idiom.layer(sheet, equal[0]), map_text(node)
        if loop:
            added = statement(3, "", call(f"self.{idiom.add}", loop[2], layer))
            network.add(equal, [f"        for {loop[0]} in {loop[1]}:  # {comment}", *added])
        else:
            network.add(equal, statement(2, f"self.{node.path} = ", layer, comment))
    if plan.heads:
        heads = dict.fromkeys(sheet.at[name].name for name in plan.heads)
        network.add([], FORWARD.format(heads=" | ".join(heads)).split("\n"))
    return network


def in_place(sheet: Sheet, place: Place, layer: Callable[[Sheet, Place], Expression]) -> Call:
    """A residual or a chain of numbered layers as one expression, with loops for repeated ones."""
    layers = [layer(sheet, child) for child in place.children()]
    if isinstance(place.node.layer, spec.Residual):
        return call("Residual", place.node.layer.scale, *layers)
    given: list[Expression] = []
    for start, times in repeats([str(each) for each in layers]):
        each = f"*[{layers[start]} for _ in range({times})]"
        given += [each] if times >= 3 else layers[start : start + times]
    first = place.node.children[0].name
    return call("numbered" if first == "1" else "nn.Sequential", *given)


def padding(place: Place, border: Callable[[Node], object]) -> str:
    """A convolution's padding: half the kernel if that holds at all nodes, else a value."""
    return "kernel // 2" if place.halves(border) else place.value("padding", border)
