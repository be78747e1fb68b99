"""A plan as functions, for Keras: one function per kind of block, and one for the network."""

from collections.abc import Callable
from dataclasses import dataclass

from common.spec.plan import Node
from common.tools.source.block_names import small
from common.tools.source.blocks import Block, Place, repeats
from common.tools.source.expressions import (
    Call,
    appended,
    commented,
    returned,
    signature,
    statement,
)
from common.tools.source.module import Network, Sheet, arguments, doc_of, in_loops, map_text


@dataclass(frozen=True)
class Idiom:
    """The source of a layer, the padding before it, and the layers inside a block, in Keras.

    Each function gets the name of the variable to read; `layer` and `within` also get the name of
    the layer or block, as an expression.
    """

    layer: Callable[[Sheet, Place, str, str], list[Call]]
    border: Callable[[Sheet, Node, str], list[Call]]
    within: Callable[[Sheet, Place, str, str, str], list[str]]


def functions(sheet: Sheet, idiom: Idiom) -> dict[str, list[str]]:
    """The lines of each block's function, by function name."""
    return {block.name: block_lines(sheet, idiom, block) for block in sheet.blocks}


def block_lines(sheet: Sheet, idiom: Idiom, block: Block) -> list[str]:
    """The lines of the function for a kind of block."""
    lines = returned(idiom.within(sheet, sheet.place(block), "x", "name", "x"))
    given = arguments(block.scope)  # determined by writing the lines
    usual = [each for each in given if " = " in each]
    given = ["x: KerasTensor", *given[: len(given) - len(usual)], "name: str", *usual]
    said = doc_of(sheet, block)[:1]
    return [*signature(0, block.name, given, " -> KerasTensor:"), *said, *lines]


def lines_for(
    sheet: Sheet, idiom: Idiom, place: Place, variable: str, name: str, x: str
) -> list[str]:
    """The lines that assign the output of a layer or block to a variable."""
    if sheet.block_call(place) is None and place.node.children:
        numbered = place.node.children[0].name.isdigit()
        if numbered:
            return row(sheet, idiom, place, variable, name, x)
        return idiom.within(sheet, place, variable, name, x)
    border = idiom.border(sheet, place.node, x)
    lines: list[str] = []
    for made in [*border, *idiom.layer(sheet, place, name, variable if border else x)]:
        lines += statement(1, f"{variable} = ", made)
    return [line.replace("(@)", f"({variable})") for line in lines]


def row(sheet: Sheet, idiom: Idiom, place: Place, variable: str, name: str, x: str) -> list[str]:
    """The lines of numbered layers, with repeated layers in a loop."""
    children = place.children()
    lines: list[str] = []
    each = appended(name, "{number}")
    made = [lines_for(sheet, idiom, child, variable, each, variable) for child in children]
    for first, times in repeats(["\n".join(each) for each in made]):
        if times >= 3:
            start = f"{first}, {first + times}" if first else f"{times}"
            if variable != x:
                lines.append(f"    {variable} = {x}")
            lines.append(f"    for number in range({start}):")
            lines += [f"    {line}" for line in made[first]]
            x = variable
        else:
            for child in children[first : first + times]:
                lines += lines_for(
                    sheet, idiom, child, variable, appended(name, child.node.name), x
                )
                x = variable
    return lines


def network_function(sheet: Sheet, idiom: Idiom) -> Network:
    """The function of the network."""
    plan, places = sheet.plan, sheet.network_places()
    network = Network(signature(0, sheet.function_name, sheet.asked, " -> keras.Model:"))
    channels, rows, columns = plan.spec.input
    network.add([], [f"    inputs = x = keras.Input(({rows}, {columns}, {channels}))"])
    heads = {name: f"{small(name)}_output" for name in plan.heads}  # names that no function has
    texts = ["\n".join(lines_for(sheet, idiom, place, "x", "_", "x")) for place in places]
    for equal, loop in in_loops(places, texts):
        place, name = equal[0], equal[0].node.path
        comment = map_text(place.node)
        if loop:
            made = [f"    {line}" for line in lines_for(sheet, idiom, place, "x", loop[2], "x")]
            network.add(equal, [f"    for {loop[0]} in {loop[1]}:  # {comment}", *made])
        else:
            made = lines_for(sheet, idiom, place, heads.get(name, "x"), f'"{name}"', "x")
            network.add(equal, commented(made, comment))
    outputs, kind = "x", "keras.Model"
    if plan.heads:
        each = ", ".join(f'"{name}": {variable}' for name, variable in heads.items())
        network.add([], [f'    outputs = {{"logits": x, {each}}}'])
        outputs, kind = "outputs", "NetworkWithHeads"
    network.add([], [f'    return {kind}(inputs, {outputs}, name="{plan.spec.name}")'])
    return network
