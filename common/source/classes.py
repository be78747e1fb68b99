"""A plan as classes, for the frameworks that have them: one per kind of block, and the network."""

from collections.abc import Callable
from dataclasses import dataclass

from common import spec
from common.plan import Node
from common.source.blocks import Block, Place, runs
from common.source.layout import Call, Expression, call, signature, statement
from common.source.module import Sheet, arguments, doc_of, in_loops, map_text

FORWARD = """
    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        heads = {{}}
        for name, step in self.named_children():
            if not isinstance(step, {heads}):
                x = step(x)
            elif self.training:
                heads[name] = step(x)
        return {{"logits": x, **heads}} if self.training else x"""


@dataclass(frozen=True)
class Idiom:
    """What a framework has in its own words."""

    module: str  # the class that a network with heads is derived from
    add: str  # the method that adds a layer under a name
    layer: Callable[[Sheet, Place], Expression]  # what makes one layer
    parent: Callable[[Node], tuple[str, str]]  # a block's class, and what that is given


def classes(sheet: Sheet, idiom: Idiom) -> list[list[str]]:
    """The lines of each class, that of the network last."""
    blocks = [block_lines(sheet, idiom, block) for block in sheet.blocks]
    return [*blocks, network_lines(sheet, idiom)]


def block_lines(sheet: Sheet, idiom: Idiom, block: Block) -> list[str]:
    """The class of a kind of block."""
    place = sheet.place(block)
    # Its arguments are known once its steps are.
    steps = [(child.node.name, idiom.layer(sheet, child)) for child in place.children()]
    base, first = idiom.parent(place.node)
    lines = [f"class {block.name}({base}):", *doc_of(sheet, block)]
    lines += signature(1, "__init__", ["self", *arguments(block.scope)], " -> None:")
    lines.append(f"        super().__init__({first})")
    for name, made in steps:
        lines += statement(2, f"self.{name} = ", made)
    return lines


def network_lines(sheet: Sheet, idiom: Idiom) -> list[str]:
    """The class of the network."""
    plan, places = sheet.plan, sheet.network_places()
    texts = [str(idiom.layer(sheet, place)) for place in places]
    base = idiom.module if plan.heads else "nn.Sequential"
    lines = [f"class {sheet.network_name}({base}):"]
    lines += signature(1, "__init__", ["self", *sheet.asked], " -> None:")
    lines.append("        super().__init__()")
    for place, loop in in_loops(places, texts):
        made, comment = idiom.layer(sheet, place), map_text(place.node)
        if loop:
            lines.append(f"        for {loop[0]} in {loop[1]}:  # {comment}")
            lines += statement(3, "", call(f"self.{idiom.add}", loop[2], made))
        else:
            lines += statement(2, f"self.{place.node.path} = ", made, comment)
    if plan.heads:
        heads = dict.fromkeys(sheet.at[name].name for name in plan.heads)
        lines += FORWARD.format(heads=" | ".join(heads)).split("\n")
    return lines


def in_place(sheet: Sheet, place: Place, layer: Callable[[Sheet, Place], Expression]) -> Call:
    """A residual, or numbered steps, repeated ones in a loop, as one expression."""
    made = [layer(sheet, child) for child in place.children()]
    if isinstance(place.node.word, spec.Residual):
        return call("Residual", place.node.word.scale, *made)
    given: list[Expression] = []
    for start, times in runs([str(each) for each in made]):
        each = f"*[{made[start]} for _ in range({times})]"
        given += [each] if times >= 3 else made[start : start + times]
    first = place.node.children[0].name
    return call("numbered" if first == "1" else "nn.Sequential", *given)


def padding(place: Place, border: Callable[[Node], object]) -> str:
    """A convolution's border: half the kernel, where the kernel is given and it is so at all."""
    return "kernel // 2" if place.halves(border) else place.say("padding", border)
