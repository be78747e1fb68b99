"""A whole file of source put together: what it says of itself, what it needs, blocks, network."""

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from common import spec
from common.plan import Node, Plan
from common.source.blocks import Block, Place, Scope, Style, classifiers, find_blocks, free, runs
from common.source.layout import Call, Expression, call
from common.source.own import folded, imports_of, names_in, needed
from common.source.tables import block_name, capitals, figure, rare_name, small

Loop = tuple[str, str, str]  # a variable, what it runs over, an f-string of names


class Sheet:
    """A plan to be written for a framework: its kinds of block, and how each is called.

    `style` is what the framework must tell apart beside the words' own numbers, inside a unit
    (True) and elsewhere; a kind of block is a `function` in Keras, else a class.
    """

    def __init__(self, plan: Plan, style: Style = lambda *_: None, function: bool = False) -> None:
        self.plan, self.function, self.style = plan, function, style
        self.ends = classifiers(plan)
        self.at = find_blocks(plan, style, self.name, self.words, self.in_place)
        self.blocks = list({id(block): block for block in self.at.values()}.values())

    def name(self, node: Node, owner: str, taken: Collection[str]) -> str:
        """What a kind of block is called: in capitals, or for functions in small letters."""
        name = block_name(self.plan.network.name, node, owner)
        if node.is_unit and any(self.style(child, True) for child in node.children):
            name += "Padded"
        names = [name, rare_name(name, node, owner)]
        names = [small(each) for each in names] if self.function else names
        return names[0] if names[0] not in taken else free(names[1], taken)

    def words(self, node: Node) -> Mapping[str, object]:
        """What a table calls the numbers of a block."""
        return figure(self.plan.network.name, node).given

    def in_place(self, node: Node) -> bool:
        """Whether a block may be written where it stands: in functions, or as an argument."""
        plain = isinstance(node.word, spec.Residual) and node.word.shortcut is None
        return not node.is_unit and (self.function or plain)

    @property
    def network_name(self) -> str:
        """The name of the network's class."""
        name = capitals(self.plan.network.name.split(".")[0])
        return name.replace("Googlenet", "GoogLeNet").replace("Resnet", "ResNet")

    @property
    def function_name(self) -> str:
        """The name of the function that makes the network."""
        return self.plan.network.name.split(".")[0]

    @property
    def asked(self) -> list[str]:
        """The arguments of the network."""
        classes = self.plan.network.classes
        return [f"classes: int = {classes}"] if classes else []

    def place(self, block: Block) -> Place:
        """Where a kind of block is written."""
        return Place(block.nodes, block.scope, "channels", self.ends)

    def network_places(self) -> list[Place]:
        """The steps of the body, each with the heads that hang on it behind it."""
        heads, after = self.plan.heads, self.plan.network.heads
        nodes = []
        for step in self.plan.body.children:
            nodes += [step, *(heads[name] for name in heads if after[name].after == step.path)]
        return [Place((node,), Scope(), "", self.ends) for node in nodes]

    def made(self, place: Place, *before: Expression, **options: str) -> Call | None:
        """The call that makes a block; None for what is none."""
        block = self.at.get(place.node.path)
        if block is None:
            return None
        given: list[Expression] = [*before]
        usual = []
        for name, values in block.scope.arguments.items():
            at = {node.path: v for node, v in zip(block.nodes, values, strict=True)}
            here = tuple(at[node.path] for node in place.nodes)
            text = place.scope.say(place.name if name == "channels" else name, here)
            text = text.replace("'", '"')
            if name not in USUAL:
                given.append(text)
            elif text != default(name, values):
                usual.append(f"{name}={text}")
        return call(block.name, *given, *usual, **options)


USUAL = ("stride", "padding")  # arguments that have a default


def arguments(scope: Scope) -> list[str]:
    """The arguments of a kind of block, as they are declared; those with a usual value last."""
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
    """The usual value of a stride or padding."""
    if name == "stride":
        return "1"
    return '"same"' if str in map(type, values) else "0"


def doc_of(sheet: Sheet, block: Block) -> list[str]:
    """A block's docstring, and a blank line: what its table says of it, if it is short."""
    node = block.nodes[0]
    network = sheet.plan.network.name
    # A dialect may have changed the unit that its table describes.
    said = "" if node.is_unit and "." in network else figure(network, node).said
    if node.path in sheet.plan.heads:
        said = said or "An auxiliary classifier, for training alone."
    return [f'    """{said}"""', ""] if said and len(said) < 90 else []


def step_names(names: Sequence[str]) -> Loop | None:
    """Steps' names as a loop: a variable, what it runs over, an f-string; None if they are few."""
    parts = [re.fullmatch(r"(.*?)(\d+|[a-z])", name) for name in names]
    if len(names) < 3 or None in parts or len({part[1] for part in parts if part}) > 1:
        return None
    first, ends = names[0], [part[2] for part in parts if part]
    start = first[: len(first) - len(ends[0])]
    if ends[0].isdigit():
        return "number", f"range({ends[0]}, {int(ends[-1]) + 1})", f'f"{start}{{number}}"'
    return "letter", f'"{"".join(ends)}"', f'f"{start}{{letter}}"'


def in_loops(places: Sequence[Place], texts: Sequence[str]) -> list[tuple[Place, Loop | None]]:
    """Steps in the order of the network; of those that a loop makes the first, and the loop."""
    found: list[tuple[Place, Loop | None]] = []
    for first, times in runs(texts):
        equal = places[first : first + times]
        loop = step_names([place.node.path for place in equal])
        found += [(equal[0], loop)] if loop else [(place, None) for place in equal]
    return found


def map_text(node: Node) -> str:
    """The map's size as a comment, if it is a map."""
    if not node.is_map:
        return ""
    return spec.shape_text(node.output).replace("x", " x ")


def heading(plan: Plan, where: str) -> str:
    """The file's docstring."""
    made = plan.network
    heads = f" with the heads {', '.join(plan.heads)}" if plan.heads else ""
    return (
        f'"""{made.name} in {where}, after {made.origin}, for images of '
        f"{spec.shape_text(made.input)}.\n\n"
        f"{plan.parameter_count:,} parameters{heads}, {plan.multiply_adds:,} multiply-adds.\n"
        'Printed by googlenet-family; licence: Apache-2.0.\n"""\n'
    )


def put_together(
    plan: Plan, where: str, own: Path, parts: list[list[str]], helpers: Mapping[str, str]
) -> str:
    """The file: docstring, imports, what is taken from own layers, helpers if used, and parts."""
    text = "\n\n\n".join(folded(own, ["\n".join(part) for part in parts]))
    used = names_in(ast.parse(text))
    text = "\n\n\n".join([*(helpers[name] for name in helpers if name in used), text])
    taken = needed(own, names_in(ast.parse(text)))
    assigns = "\n".join(each for each in taken if "\n" not in each)
    body = "\n\n\n".join([*(each for each in taken if "\n" in each), text])
    start = "\n".join(imports_of(own, f"{assigns}\n{body}"))
    start += f"\n{assigns}" if assigns else ""
    blank = "\n\n\n" if assigns else "\n\n"
    return f"{heading(plan, where)}\n{start}{blank}{body}\n"
