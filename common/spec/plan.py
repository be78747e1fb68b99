"""A plan: a network's spec resolved for one input size, as a tree of nodes, one per layer.

The framework folders and the reference build a network from its plan: the layer types and their
settings are in `node.layer`, and everything that depends on the input size is in the nodes.
"""

from collections.abc import Collection, Iterator
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from math import prod

from common import spec
from common.errors import UsageError
from common.spec import Layer, NetworkSpec, Shape, shape_text
from common.spec.padding import NO_PADS, Pads


@dataclass(frozen=True)
class Node:
    """One layer of a plan: its path, input and output shapes (C x H x W), and its arrays' shapes.

    `parameters` are learned; `buffers` are the running statistics of batch norm. `pads`, `eps` and
    `keep` are the resolved padding and the constants of batch norm; `build.py` and the
    reference use these, not those of `layer`. `eps` and `keep` are rounded to float32, because
    Paddle stores them as float32 and all must use the same values. `children` are the layers inside
    a chain, a concat or a residual.
    """

    path: str
    layer: Layer
    _: KW_ONLY
    input: Shape
    output: Shape
    pads: Pads = NO_PADS
    eps: float = 0.0
    keep: float = 0.0
    parameters: tuple[tuple[str, Shape], ...] = ()
    buffers: tuple[tuple[str, Shape], ...] = ()
    children: tuple["Node", ...] = ()

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def source(self) -> "Node":
        """The node that computes this node's output: for a chain, that of its last layer."""
        return self.children[-1].source if isinstance(self.layer, spec.Chain) else self

    @property
    def multiply_adds(self) -> int:
        """The number of multiplications by weights per image, in this node and its descendants."""
        weights = prod(dict(self.parameters).get("weight", ()))
        own = (
            weights * prod(self.output[1:])
            if isinstance(self.layer, spec.Conv | spec.DepthwiseConv | spec.Linear)
            else 0
        )
        return own + sum(child.multiply_adds for child in self.children)

    @property
    def parameter_count(self) -> int:
        """The number of learned parameters, without buffers, in this node and its descendants."""
        own = sum(prod(shape) for _, shape in self.parameters)
        return own + sum(child.parameter_count for child in self.children)

    @property
    def is_map(self) -> bool:
        """Whether the output is a feature map worth comparing; a dropout's equals its input."""
        return len(self.output) == 3 and not isinstance(self.layer, spec.Dropout)

    @property
    def is_vector(self) -> bool:
        """Whether the output is a vector worth comparing; not of dropout and flatten."""
        own = not isinstance(self.layer, spec.Flatten | spec.Dropout)
        return len(self.output) == 1 and own

    @property
    def is_conv_unit(self) -> bool:
        """Whether the node is a chain of convolutions, batch norm and ReLU, and of nothing else.

        Such a chain is treated as a single layer, for instance as one row of a summary.
        """
        return isinstance(self.layer, spec.Chain) and all(
            isinstance(child.layer, spec.Conv | spec.DepthwiseConv | spec.BatchNorm | spec.ReLU)
            for child in self.children
        )

    def walk(self) -> Iterator["Node"]:
        """Yields this node, then its descendants, in the order of computation."""
        yield self
        for child in self.children:
            yield from child.walk()

    def units(self) -> Iterator["Node"]:
        """Yields the nodes that are rows of a summary: this node and its descendants.

        The body as a whole has no row, and neither has anything inside a chain that `is_conv_unit`.
        """
        if self.path:
            yield self
        if self.children and not self.is_conv_unit:
            for child in self.children:
                yield from child.units()


@dataclass(frozen=True)
class Plan:
    """A network's spec resolved for its input: the nodes of the body and, by name, of the heads."""

    spec: NetworkSpec
    body: Node
    heads: dict[str, Node]

    def roots(self) -> tuple[Node, ...]:
        """The body, then the heads."""
        return (self.body, *self.heads.values())

    def layer_plans(self) -> list["Plan"]:
        """The body's layers, each as a separate plan that is named after the layer.

        Flatten, dropout and layers that work on vectors belong to the plan of the layer before.
        """
        groups: list[list[Node]] = []
        for child in self.body.children:
            if len(child.input) == 3 and not isinstance(child.layer, spec.Flatten | spec.Dropout):
                groups.append([])
            groups[-1].append(child)
        return [self.subplan(tuple(group)) for group in groups]

    def layers_until(self, names: Collection[str]) -> list[Node]:
        """The layers of the body up to the last one that `names` has.

        Raises UsageError for a name that is not one of them, or without any name.
        """
        paths = [child.path for child in self.body.children]
        unknown = [name for name in names if name not in paths]
        if unknown or not names:
            wrong = f"{unknown[0]!r} is not a layer" if unknown else "give the name of a layer"
            raise UsageError(f"{wrong} of {self.spec.name}'s body; choose from: {', '.join(paths)}")
        return list(self.body.children[: max(map(paths.index, names)) + 1])

    def subplan(self, nodes: tuple[Node, ...]) -> "Plan":
        """A plan of these consecutive layers of the body, without classes or heads."""
        first, chain = nodes[0], spec.Chain({node.path: node.layer for node in nodes})
        alone = replace(self.spec, name=first.path, input=first.input, body=chain)
        body = Node("", chain, input=first.input, output=nodes[-1].output, children=nodes)
        return Plan(replace(alone, classes=0, heads={}, aux=False), body, {})

    def nodes(self) -> Iterator[Node]:
        """Yields every node of the body, then of the heads."""
        yield from self.walked

    @cached_property
    def walked(self) -> tuple[Node, ...]:
        """All nodes, cached."""
        return tuple(node for root in self.roots() for node in root.walk())

    def parameter_shapes(self) -> dict[str, Shape]:
        """The shape of every learned parameter by its full name, in the layout of weights files."""
        return {f"{node.path}.{name}": s for node in self.nodes() for name, s in node.parameters}

    def array_shapes(self) -> dict[str, Shape]:
        """The shape of every array in a weights file, by name: the parameters and the buffers."""
        return dict(self.shapes)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The result of `array_shapes`, cached."""
        return {
            f"{node.path}.{name}": shape
            for node in self.nodes()
            for name, shape in (*node.parameters, *node.buffers)
        }

    def backbone_shapes(self) -> dict[str, Shape]:
        """The shapes of all arrays except those of the classifier and the heads."""
        arrays = self.array_shapes().items()
        return {name: shape for name, shape in arrays if not self.is_classifier_or_head(name)}

    def is_classifier_or_head(self, name: str) -> bool:
        """Whether an array belongs to the classifier or a head, even if the plan has no heads."""
        return name.split(".")[0] in (self.spec.classifier, *self.spec.heads)

    @property
    def parameter_count(self) -> int:
        """The number of parameters of the body and the heads."""
        return sum(root.parameter_count for root in self.roots())

    @property
    def backbone_parameter_count(self) -> int:
        """The number of parameters of the body without its classifier."""
        layers = self.body.children
        return sum(n.parameter_count for n in layers if n.path != self.spec.classifier)

    @property
    def multiply_adds(self) -> int:
        """The number of multiplications by weights per image, in the body and the heads."""
        return sum(root.multiply_adds for root in self.roots())

    def loss_weights(self) -> dict[str, float]:
        """The weight of each output in the training loss, by the output's name."""
        heads = {name: self.spec.heads[name].weight for name in self.heads}
        return {self.spec.output: 1.0} | heads

    def check_input(self, shape: Shape) -> None:
        """Raises UsageError unless `shape` is N x C x H x W and matches the network's input."""
        check_batch(self.spec.name, self.spec.input, shape)

    def depthwise_channels(self) -> dict[str, int]:
        """The number of input channels of each depthwise convolution, by its weight's name."""
        return {
            f"{node.path}.weight": node.input[0]
            for node in self.nodes()
            if isinstance(node.layer, spec.DepthwiseConv)
        }

    def find(self, path: str) -> Node:
        """The node at `path`; raises UsageError if there is none."""
        for node in self.nodes():
            if node.path == path:
                return node
        raise UsageError(
            f"{self.spec.name} has no layer {path!r}; "
            f"`googlenet summary {self.spec.name}` lists them"
        )


def check_batch(name: str, input: Shape, shape: Shape) -> None:
    """Raises UsageError unless `shape` is a batch of at least one image of shape `input`."""
    if shape[1:] == input and shape[0]:
        return
    advice = "; set the size with `input` when building the network"
    if len(shape) == len(input):
        advice = "; add a batch axis, as in x[None]"
    elif shape[1:] != input and sorted(shape[1:]) == sorted(input):
        advice = "; its axes are in a different order"
    elif shape[1:] == input:
        advice = "; the batch must not be empty"
    raise UsageError(
        f"{name} expects batches of shape Nx{shape_text(input)}, not {shape_text(shape)}{advice}"
    )
