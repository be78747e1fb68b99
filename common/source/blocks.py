"""The blocks of one structure in a plan, each kind written once, with its widths as arguments.

Two blocks are of one kind if their words are equal up to the widths; convolutions with what belongs
to them, up to kernel, stride and padding as well.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from common import spec
from common.plan import Node, Plan

Style = Callable[[Node, bool], object]  # what a framework must tell apart beside that, in a unit
Key = Hashable


@dataclass(frozen=True)
class Classes:
    """Stands for the number of classes, which a network is asked for."""


CLASSES = Classes()


@dataclass
class Scope:
    """What is written once for several nodes: its arguments, with their values at each node."""

    words: dict[str, tuple] = field(default_factory=dict)  # what the table calls some values
    arguments: dict[str, tuple] = field(default_factory=dict)

    def say(self, name: str, values: tuple) -> str:
        """A value as it is written: as a number if it is the same everywhere, else an argument."""
        if values[0] == CLASSES:
            self.arguments["classes"] = values
            return "classes"
        if len(set(values)) == 1:
            return repr(values[0])
        if name not in ONCE:
            for known, held in self.arguments.items():
                if held == values and known not in ONCE:
                    return known
            name = next((word for word, held in self.words.items() if held == values), name)
            name = free(name, self.arguments)
        self.arguments[name] = values
        return name


ONCE = ("kernel", "stride", "padding")  # never the same as another argument


@dataclass(frozen=True)
class Place:
    """The nodes that stand at one place of what is written, and the scope that they are in.

    `name` is what their width is called where it is an argument.
    """

    nodes: tuple[Node, ...]
    scope: Scope
    name: str
    classifiers: frozenset[str]

    @property
    def node(self) -> Node:
        """One of them: all but numbers is the same in the others."""
        return self.nodes[0]

    @property
    def inputs(self) -> str:
        """The channels that come in."""
        return self.scope.say("in_channels", tuple(node.input[0] for node in self.nodes))

    @property
    def outputs(self) -> str:
        """The channels or features that go out."""
        return self.scope.say(self.name, tuple(map(self.width, self.nodes)))

    def width(self, node: Node) -> object:
        """The channels of one of the nodes, or that they are the classes."""
        return CLASSES if node.path in self.classifiers else node.output[0]

    def say(self, name: str, value: Callable[[Node], object]) -> str:
        """Any other number."""
        return self.scope.say(name, tuple(map(value, self.nodes)))

    def halves(self, border: Callable[[Node], object]) -> bool:
        """Whether the border is half the kernel, which is an argument, at each node."""
        kernels = [getattr(node.word, "kernel", 1) for node in self.nodes]
        halves = [isinstance(each, int) and each // 2 for each in kernels]
        return len(set(kernels)) > 1 and halves == list(map(border, self.nodes))

    def children(self) -> list["Place"]:
        """What stands within."""
        rows = zip(*(node.children for node in self.nodes), strict=True)
        return [self.within(nodes) for nodes in rows]

    def within(self, nodes: tuple[Node, ...]) -> "Place":
        """The place of nodes within."""
        name = self.name if self.node.is_unit else width_name(nodes[0], self.node)
        return Place(nodes, self.scope, name, self.classifiers)


def width_name(node: Node, parent: Node) -> str:
    """What the width of a node is called: after its kernel, and what it is there for."""
    if not isinstance(parent.word, spec.Concat) and not node.name.isdigit():
        return node.name
    steps = parent.children if node.name.isdigit() else (node,)
    sizes = [largest_kernel(step) for step in steps if step.is_unit]
    large = [size for size in sizes if size > 1]
    own = largest_kernel(node)
    if own == 1 and large:
        return "double_reduce" if large[1:] else f"reduce{large[0]}"
    if own == 1 and len(steps) > 1:
        return "proj"
    return "double" if large[1:] else f"ch{own}"


def largest_kernel(node: Node) -> int:
    """The longest side of a kernel in a node."""
    kernels = [getattr(each.word, "kernel", 1) for each in node.walk()]
    return max(max(spec.pair(kernel)) for kernel in kernels)


@dataclass(frozen=True)
class Block:
    """A kind of block, all of its kind, and its scope, which is known once it is written."""

    name: str
    nodes: tuple[Node, ...]
    scope: Scope


def is_block(node: Node) -> bool:
    """Whether a node is written as a class or function of its own."""
    match node.word:
        case spec.Chain(steps):
            return bool(node.path) and not next(iter(steps)).isdigit()
        case spec.Concat() | spec.Residual():
            return True
    return False


def key_of(node: Node, style: Style, loose: bool) -> Key:
    """What is the same in all of a kind."""
    children = tuple((child.name, key_of(child, style, loose)) for child in node.children)
    kind = type(node.word).__name__
    window = () if loose else (getattr(node.word, "kernel", 0), getattr(node.word, "stride", 0))
    own: tuple = (*window, *(() if loose else node.pads))
    match node.word:
        case spec.Chain() | spec.Concat():
            own = ()
        case spec.Conv(bias=bias):
            own = (bias, *own)
        case spec.DepthwiseConv(multiplier=multiplier):
            own = (multiplier, *own)
        case spec.Linear(bias=bias):
            own = (bias,)
        case spec.Flatten():
            own = ()
        case spec.AdaptiveAvgPool():
            own = (node.word, node.input[1:])
        case spec.Residual(scale=scale):
            own = (scale,)
        case word:
            own = (word, node.pads)
    return kind, own, style(node, loose), children


def find_blocks(
    plan: Plan,
    style: Style,
    name: Callable[[Node, str, Collection[str]], str],
    words: Callable[[Node], Mapping[str, object]],
    in_place: Callable[[Node], bool],
) -> dict[str, Block]:
    """The kind of every block by its path, in the order in which they must be written.

    `name` is given a block, the kind that it is in and the names that are taken; `words` is what
    a table calls the numbers of a block; `in_place` is which may be written where it stands, if
    it stands at one place in one kind alone.
    """
    held: dict[Key, list[Node]] = {}
    for root in plan.roots():
        for node in after_children(root):
            if is_block(node):
                held.setdefault(key_of(node, style, node.is_unit), []).append(node)
    owners: dict[str, str] = {}
    found: dict[Key, Block] = {}
    # Owners are named before what is in them, and common kinds before rare ones.
    for key in sorted(held, key=lambda key: (held[key][0].path.count("."), -len(held[key]))):
        nodes = held[key]
        owner = next((n for p, n in owners.items() if nodes[0].path.startswith(f"{p}.")), "")
        places = {place_in(node, owners) for node in nodes}
        if owner and len(places) == 1 and in_place(nodes[0]):
            continue
        given = name(nodes[0], owner, [block.name for block in found.values()])
        owners |= {node.path: given for node in nodes}
        said = [words(node) for node in nodes]
        same = {word: tuple(each.get(word) for each in said) for word in said[0]}
        found[key] = Block(given, tuple(nodes), Scope(same))
    return {node.path: found[key] for key in held if key in found for node in held[key]}


def place_in(node: Node, owners: Mapping[str, str]) -> tuple[str, str]:
    """The kind of block that a node stands in, and the way there."""
    path = node.path
    while path and path not in owners:
        path = path.rpartition(".")[0]
    return owners.get(path, ""), node.path.removeprefix(path)


def after_children(node: Node) -> list[Node]:
    """The nodes within, then the node."""
    return [each for child in node.children for each in after_children(child)] + [node]


def free(name: str, taken: Collection[str]) -> str:
    """A name that is not taken yet: with a number behind it, or a letter behind a number."""
    ends = "bcdefgh" if name[-1].isdigit() else "2345678"
    return next(each for each in (name, *(name + end for end in ends)) if each not in taken)


def classifiers(plan: Plan) -> frozenset[str]:
    """The paths of the nodes that have an output for each class."""
    if not plan.network.classes:
        return frozenset()
    ends = [[n for n in root.walk() if n.parameters][-1].path for root in plan.roots()]
    return frozenset(ends)


def runs(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Where equal texts stand in a row, as (first, how many)."""
    found: list[tuple[int, int]] = []
    for place, each in enumerate(texts):
        if place and texts[place - 1] == each:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((place, 1))
    return found
