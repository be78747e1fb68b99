"""Groups a plan's blocks into kinds, each written once with its widths as arguments.

Two blocks are of one kind if their layers are equal except for the widths (numbers of channels);
units, a convolution with its batch norm and ReLU, may also differ in kernel, stride and padding.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from common import spec
from common.spec.plan import Node, Plan

Style = Callable[[Node, bool], object]  # what else a framework distinguishes, in a unit or not
Key = Hashable


@dataclass(frozen=True)
class Classes:
    """A placeholder for the number of classes, which is an argument of the network."""


CLASSES = Classes()


@dataclass(kw_only=True)
class Scope:
    """Code that is written once for several nodes: its arguments, with their value at each node."""

    names: dict[str, tuple] = field(default_factory=dict)  # the table's names for some values
    arguments: dict[str, tuple] = field(default_factory=dict)

    def value(self, name: str, values: tuple) -> str:
        """The code of a value: a literal if it is the same at every node, else an argument."""
        if values[0] == CLASSES:
            self.arguments["classes"] = values
            return "classes"
        if len(set(values)) == 1:
            return repr(values[0])
        if name not in ONCE:
            for known, held in self.arguments.items():
                if held == values and known not in ONCE:
                    return known
            name = next((known for known, held in self.names.items() if held == values), name)
            name = free(name, self.arguments)
        self.arguments[name] = values
        return name


ONCE = ("kernel", "stride", "padding")  # never merged with other arguments


@dataclass(frozen=True)
class Place:
    """The nodes that are written by the same code at one place, and the scope of that code.

    `name` is the name of their number of output channels, where that is an argument.
    """

    nodes: tuple[Node, ...]
    scope: Scope
    name: str
    classifiers: frozenset[str]

    @property
    def node(self) -> Node:
        """The first of the nodes; the others differ from it only in numbers."""
        return self.nodes[0]

    @property
    def inputs(self) -> str:
        """The code of the number of input channels."""
        return self.scope.value("in_channels", tuple(node.input[0] for node in self.nodes))

    @property
    def outputs(self) -> str:
        """The code of the number of output channels or features."""
        return self.scope.value(self.name, tuple(map(self.width, self.nodes)))

    def width(self, node: Node) -> object:
        """The output channels of one of the nodes, or `CLASSES` for a classifier."""
        return CLASSES if node.path in self.classifiers else node.output[0]

    def value(self, name: str, value: Callable[[Node], object]) -> str:
        """The code of any other number."""
        return self.scope.value(name, tuple(map(value, self.nodes)))

    def halves(self, border: Callable[[Node], object]) -> bool:
        """Whether the padding is half the kernel at each node, where the kernel is an argument."""
        kernels = [getattr(node.layer, "kernel", 1) for node in self.nodes]
        halves = [isinstance(each, int) and each // 2 for each in kernels]
        return len(set(kernels)) > 1 and halves == list(map(border, self.nodes))

    def children(self) -> list["Place"]:
        """The places of the children."""
        rows = zip(*(node.children for node in self.nodes), strict=True)
        return [self.within(nodes) for nodes in rows]

    def within(self, nodes: tuple[Node, ...]) -> "Place":
        """The place of child nodes."""
        name = self.name if self.node.is_conv_unit else width_name(nodes[0], self.node)
        return Place(nodes, self.scope, name, self.classifiers)


def width_name(node: Node, parent: Node) -> str:
    """The name of a node's number of output channels, after its kernel and its purpose."""
    if not isinstance(parent.layer, spec.Concat) and not node.name.isdigit():
        return node.name
    layers = parent.children if node.name.isdigit() else (node,)
    sizes = [largest_kernel(each) for each in layers if each.is_conv_unit]
    large = [size for size in sizes if size > 1]
    own = largest_kernel(node)
    if own == 1 and large:
        return "double_reduce" if large[1:] else f"reduce{large[0]}"
    if own == 1 and len(layers) > 1:
        return "proj"
    return "double" if large[1:] else f"ch{own}"


def largest_kernel(node: Node) -> int:
    """The longest side of any kernel in a node."""
    kernels = [getattr(each.layer, "kernel", 1) for each in node.walk()]
    return max(max(spec.pair(kernel)) for kernel in kernels)


@dataclass(frozen=True)
class Block:
    """A kind of block, all its nodes, and its scope, which is filled when the block is written."""

    name: str
    nodes: tuple[Node, ...]
    scope: Scope


def is_block(node: Node) -> bool:
    """Whether a node is written as a class or function of its own."""
    match node.layer:
        case spec.Chain(layers):
            return bool(node.path) and not next(iter(layers)).isdigit()
        case spec.Concat() | spec.Residual():
            return True
    return False


def block_key(node: Node, style: Style, loose: bool) -> Key:
    """The key shared by all blocks of a kind; `loose` ignores kernel, stride and padding."""
    children = tuple((child.name, block_key(child, style, loose)) for child in node.children)
    kind = type(node.layer).__name__
    window = () if loose else (getattr(node.layer, "kernel", 0), getattr(node.layer, "stride", 0))
    own: tuple = (*window, *(() if loose else node.pads))
    match node.layer:
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
            own = (node.layer, node.input[1:])
        case spec.Residual(scale=scale):
            own = (scale,)
        case layer:
            own = (layer, node.pads)
    return kind, own, style(node, loose), children


def find_blocks(
    plan: Plan,
    style: Style,
    name: Callable[[Node, str, Collection[str]], str],
    arguments: Callable[[Node], Mapping[str, object]],
    in_place: Callable[[Node], bool],
) -> dict[str, Block]:
    """The kind of every block by path, in the order in which they must be written.

    `name` returns a kind's name, given a block, the kind that contains it and the taken names;
    `arguments` returns a block's numbers by their names in its table; `in_place` returns whether a
    block may be written inline if it occurs at only one place in one kind.
    """
    held: dict[Key, list[Node]] = {}
    for root in plan.roots():
        for node in after_children(root):
            if is_block(node):
                held.setdefault(block_key(node, style, node.is_conv_unit), []).append(node)
    owners: dict[str, str] = {}
    blocks: dict[Key, Block] = {}
    # Owners are named before the blocks inside them, and common kinds before rare ones.
    for key in sorted(held, key=lambda key: (held[key][0].path.count("."), -len(held[key]))):
        nodes = held[key]
        owner = next((n for p, n in owners.items() if nodes[0].path.startswith(f"{p}.")), "")
        places = {place_in(node, owners) for node in nodes}
        if owner and len(places) == 1 and in_place(nodes[0]):
            continue
        given = name(nodes[0], owner, [block.name for block in blocks.values()])
        owners |= {node.path: given for node in nodes}
        given_here = [arguments(node) for node in nodes]
        same = {each: tuple(one.get(each) for one in given_here) for each in given_here[0]}
        blocks[key] = Block(given, tuple(nodes), Scope(names=same))
    return {node.path: blocks[key] for key in held if key in blocks for node in held[key]}


def place_in(node: Node, owners: Mapping[str, str]) -> tuple[str, str]:
    """The kind of block that contains a node, and the node's path within it."""
    path = node.path
    while path and path not in owners:
        path = path.rpartition(".")[0]
    return owners.get(path, ""), node.path.removeprefix(path)


def after_children(node: Node) -> list[Node]:
    """All nodes within a node, children before parents, then the node itself."""
    return [each for child in node.children for each in after_children(child)] + [node]


def free(name: str, taken: Collection[str]) -> str:
    """A name that is not taken; if needed, with a digit appended, or a letter after a digit."""
    ends = "bcdefgh" if name[-1].isdigit() else "2345678"
    return next(each for each in (name, *(name + end for end in ends)) if each not in taken)


def classifiers(plan: Plan) -> frozenset[str]:
    """The paths of the nodes that have an output for each class."""
    if not plan.spec.classes:
        return frozenset()
    ends = [[n for n in root.walk() if n.parameters][-1].path for root in plan.roots()]
    return frozenset(ends)


def repeats(texts: Sequence[str]) -> list[tuple[int, int]]:
    """The groups of equal consecutive texts, as pairs of first index and length."""
    groups: list[tuple[int, int]] = []
    for index, each in enumerate(texts):
        if index and texts[index - 1] == each:
            groups[-1] = (groups[-1][0], groups[-1][1] + 1)
        else:
            groups.append((index, 1))
    return groups
