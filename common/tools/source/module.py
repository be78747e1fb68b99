"""Assembles a whole source file: its docstring, its imports, the blocks and the network."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from common import spec
from common.spec.plan import Node, Plan
from common.tools.source.block_names import block_name, built_by, capitals, rare_name, small
from common.tools.source.blocks import (
    Block,
    Place,
    Scope,
    Style,
    classifiers,
    find_blocks,
    free,
    repeats,
)
from common.tools.source.custom_layers import folded, imports_of, needed
from common.tools.source.expressions import Call, Expression, call
from common.tools.source.printed import Printed, words_in

Loop = tuple[str, str, str]  # a variable, its iterable, an f-string of names


@dataclass(frozen=True)
class Network:
    """The lines of a network's class or function, and those that create each layer, by path."""

    lines: list[str]
    layers: dict[str, str] = field(default_factory=dict)

    def add(self, places: Sequence[Place], lines: Sequence[str]) -> None:
        """Adds the lines that create these layers."""
        self.lines.extend(lines)
        self.layers.update({place.node.path: dedent("\n".join(lines)) for place in places})


class Sheet:
    """A plan to be written for a framework: its kinds of block, with their names and calls.

    `style` returns, for a node and whether it is inside a unit, what the framework distinguishes
    besides a layer's own numbers. With `function`, a kind of block is a function, as in Keras, else
    a class.
    """

    def __init__(self, plan: Plan, style: Style = lambda *_: None, function: bool = False) -> None:
        self.plan, self.function, self.style = plan, function, style
        self.ends = classifiers(plan)
        self.at = find_blocks(plan, style, self.name, self.table_arguments, self.in_place)
        self.blocks = list({id(block): block for block in self.at.values()}.values())

    def name(self, node: Node, owner: str, taken: Collection[str]) -> str:
        """The name of a kind of block: capitalised for a class, in lower case for a function."""
        name = block_name(node, owner)
        if node.is_conv_unit and any(self.style(child, True) for child in node.children):
            name += "Padded"
        names = [name, rare_name(name, node, owner)]
        names = [small(each) for each in names] if self.function else names
        return names[0] if names[0] not in taken else free(names[1], taken)

    def table_arguments(self, node: Node) -> Mapping[str, object]:
        """The numbers that a block's table function was called with, by argument name."""
        return {
            k: v for k, v in built_by(node).arguments.items() if isinstance(v, int | str | None)
        }

    def in_place(self, node: Node) -> bool:
        """Whether a block may be written inline: in a function, or as an argument."""
        plain = isinstance(node.layer, spec.Residual) and node.layer.shortcut is None
        return not node.is_conv_unit and (self.function or plain)

    @property
    def network_name(self) -> str:
        """The name of the network's class."""
        name = capitals(self.plan.spec.name.split(".")[0])
        return name.replace("Googlenet", "GoogLeNet").replace("Resnet", "ResNet")

    @property
    def function_name(self) -> str:
        """The name of the function that builds the network."""
        return self.plan.spec.name.split(".")[0]

    @property
    def asked(self) -> list[str]:
        """The arguments of the network."""
        classes = self.plan.spec.classes
        return [f"classes: int = {classes}"] if classes else []

    def place(self, block: Block) -> Place:
        """The place where a kind of block is defined."""
        return Place(block.nodes, block.scope, "channels", self.ends)

    def network_places(self) -> list[Place]:
        """The places of the body's layers, each followed by those of the heads attached to it."""
        heads, after = self.plan.heads, self.plan.spec.heads
        nodes = []
        for child in self.plan.body.children:
            nodes += [child, *(heads[name] for name in heads if after[name].after == child.path)]
        return [Place((node,), Scope(), "", self.ends) for node in nodes]

    def block_call(self, place: Place, *before: Expression, **options: str) -> Call | None:
        """The call that creates a block, or None if the place is not a block."""
        block = self.at.get(place.node.path)
        if block is None:
            return None
        given: list[Expression] = [*before]
        usual = []
        for name, values in block.scope.arguments.items():
            at = {node.path: v for node, v in zip(block.nodes, values, strict=True)}
            here = tuple(at[node.path] for node in place.nodes)
            text = place.scope.value(place.name if name == "channels" else name, here)
            text = text.replace("'", '"')
            if name not in USUAL:
                given.append(text)
            elif text != default(name, values):
                usual.append(f"{name}={text}")
        return call(block.name, *given, *usual, **options)


USUAL = ("stride", "padding")  # arguments that have a default


def arguments(scope: Scope) -> list[str]:
    """The arguments of a kind of block as they are declared, those with a default last."""
    names = sorted(scope.arguments, key=lambda name: name in USUAL and USUAL.index(name) + 1)
    typed = [f"{name}: {type_of(scope.arguments[name])}" for name in names]
    ends = [f" = {default(n, scope.arguments[n])}" if n in USUAL else "" for n in names]
    return [each + end for each, end in zip(typed, ends, strict=True)]


def type_of(values: tuple) -> str:
    """The type of an argument that takes these values."""
    kinds = {type(value) for value in values}
    pair = any(kind is tuple for kind in kinds)
    if str in kinds:
        return "str"
    return "Size" if pair and int in kinds else "tuple" if pair else "int"


def default(name: str, values: tuple) -> str:
    """The default of a stride or padding argument."""
    if name == "stride":
        return "1"
    return '"same"' if str in map(type, values) else "0"


def doc_of(sheet: Sheet, block: Block) -> list[str]:
    """A block's docstring, from its table function, and a blank line; nothing if it is too long."""
    node = block.nodes[0]
    said = built_by(node).doc
    if node.path in sheet.plan.heads:
        said = said or "An auxiliary classifier, used only in training."
    return [f'    """{said}"""', ""] if said and len(said) < 90 else []


def loop_over(names: Sequence[str]) -> Loop | None:
    """The loop over these layer names, or None if they are too few or follow no pattern."""
    matches = [re.fullmatch(r"(.*?)(\d+|[a-z])", name) for name in names]
    if len(names) < 3 or None in matches or len({match[1] for match in matches if match}) > 1:
        return None
    first, ends = names[0], [match[2] for match in matches if match]
    start = first[: len(first) - len(ends[0])]
    if ends[0].isdigit():
        return "number", f"range({ends[0]}, {int(ends[-1]) + 1})", f'f"{start}{{number}}"'
    return "letter", f'"{"".join(ends)}"', f'f"{start}{{letter}}"'


def in_loops(
    places: Sequence[Place], texts: Sequence[str]
) -> list[tuple[Sequence[Place], Loop | None]]:
    """The layers in network order; those that one loop creates are grouped, with the loop."""
    groups: list[tuple[Sequence[Place], Loop | None]] = []
    for first, times in repeats(texts):
        equal = places[first : first + times]
        loop = loop_over([place.node.path for place in equal])
        groups += [(equal, loop)] if loop else [([place], None) for place in equal]
    return groups


def map_text(node: Node) -> str:
    """The text of a comment with the feature map's size; empty for other outputs."""
    if not node.is_map:
        return ""
    return spec.shape_text(node.output).replace("x", " x ")


def heading(plan: Plan, where: str) -> str:
    """The file's docstring."""
    network = plan.spec
    heads = f" with the heads {', '.join(plan.heads)}" if plan.heads else ""
    return (
        f'"""{network.name} in {where}, after {network.origin}, for images of '
        f"{spec.shape_text(network.input)}.\n\n"
        f"{plan.parameter_count:,} parameters{heads}, {plan.multiply_adds:,} multiply-adds.\n"
        'Printed by googlenet-family; licence: Apache-2.0.\n"""\n'
    )


def put_together(
    plan: Plan,
    where: str,
    own: Path,
    blocks: Mapping[str, Sequence[str]],
    network: Network,
    more: Sequence[str],
    helpers: Mapping[str, str],
) -> Printed:
    """Assembles the file: docstring, imports, custom layers, helpers, blocks, network, `more`.

    `own` is the file of custom layers; of these and of the `helpers` only those that are used are
    included. `blocks` has the lines of each block by name.
    """
    texts = folded(own, {name: "\n".join(lines) for name, lines in blocks.items()})
    end = ["\n".join(network.lines), *more]
    used = words_in([*texts.values(), *end])
    texts = {name: text for name, text in helpers.items() if name in used} | texts
    taken = needed(own, words_in([*texts.values(), *end]))
    assigns = [text for text in taken.values() if "\n" not in text]
    definitions = {name: text for name, text in taken.items() if "\n" in text} | texts
    body = "\n\n\n".join([*definitions.values(), *end])
    start = "\n".join([*imports_of(own, words_in([*assigns, body])), *assigns])
    blank = "\n\n\n" if assigns else "\n\n"
    return Printed(f"{heading(plan, where)}\n{start}{blank}{body}\n", network.layers, definitions)
