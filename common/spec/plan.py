"""A plan: a network resolved for one input size, as a tree of nodes with all numbers filled in.

Frameworks and the reference see only the plan of a network.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from common import spec
from common.errors import UsageError
from common.spec import Layer, NetworkSpec, Shape, shape_text
from common.spec.padding import NO_PADS, Pads


@dataclass(frozen=True)
class Node:
    """One layer of a plan: its path, input and output shape (C x H x W), and parameter shapes.

    `pads`, `eps` and `keep` are the layer's padding and the constants of batch norm; builders and
    the reference read them only from here. `eps` and `keep` are rounded to float32, because Paddle
    stores them as float32 and all must use the same values.
    """

    path: str
    layer: Layer
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
        """The node that computes this node's output: a chain's last step, or the node itself."""
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
        """Whether the node computes a map of its own."""
        return len(self.output) == 3 and not isinstance(self.layer, spec.Dropout)

    @property
    def is_vector(self) -> bool:
        """Whether the node computes a vector of its own."""
        own = not isinstance(self.layer, spec.Flatten | spec.Dropout)
        return len(self.output) == 1 and own

    @property
    def is_unit(self) -> bool:
        """Whether the node is a chain of only convolutions, batch norm and ReLU."""
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
        """Yields the nodes worth a row in a summary: blocks, pools, convolutions with ReLU."""
        if self.path:
            yield self
        if self.children and not self.is_unit:
            for child in self.children:
                yield from child.units()


@dataclass(frozen=True)
class Plan:
    """A network resolved for its input: the body and, by name, the heads."""

    network: NetworkSpec
    body: Node
    heads: dict[str, Node]

    def roots(self) -> tuple[Node, ...]:
        """The body, then the heads."""
        return (self.body, *self.heads.values())

    def parts(self) -> list["Plan"]:
        """The body's steps, each as a separate plan with the step's name.

        Flatten, dropout and steps that work on vectors are grouped with the step before.
        """
        groups: list[list[Node]] = []
        for step in self.body.children:
            if len(step.input) == 3 and not isinstance(step.layer, spec.Flatten | spec.Dropout):
                groups.append([])
            groups[-1].append(step)
        return [self.part(tuple(group)) for group in groups]

    def part(self, steps: tuple[Node, ...]) -> "Plan":
        """A plan of only these steps of the body, without classes or heads."""
        first, chain = steps[0], spec.Chain({step.path: step.layer for step in steps})
        alone = replace(self.network, name=first.path, input=first.input, body=chain)
        body = Node("", chain, first.input, steps[-1].output, children=steps)
        return Plan(replace(alone, classes=0, heads={}, aux=False), body, {})

    def nodes(self) -> Iterator[Node]:
        """Yields every node of the body, then of the heads."""
        yield from self.walked

    @cached_property
    def walked(self) -> tuple[Node, ...]:
        """All nodes, cached."""
        return tuple(node for root in self.roots() for node in root.walk())

    def parameters(self) -> dict[str, Shape]:
        """The shape of every learned parameter by its full name, in the file's layout."""
        return {f"{node.path}.{name}": s for node in self.nodes() for name, s in node.parameters}

    def arrays(self) -> dict[str, Shape]:
        """The shapes of all arrays in a weights file: the parameters and the buffers."""
        return dict(self.shapes)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of all arrays, cached."""
        return {
            f"{node.path}.{name}": shape
            for node in self.nodes()
            for name, shape in (*node.parameters, *node.buffers)
        }

    def backbone_arrays(self) -> dict[str, Shape]:
        """The shapes of all arrays except those of the classifier and the heads."""
        arrays = self.arrays().items()
        return {name: shape for name, shape in arrays if not self.is_ending(name)}

    def is_ending(self, name: str) -> bool:
        """Whether an array is the classifier's or a head's, even if the plan has no heads."""
        return name.split(".")[0] in (self.network.classifier, *self.network.heads)

    @property
    def parameter_count(self) -> int:
        """The number of parameters of the body and the heads."""
        return sum(root.parameter_count for root in self.roots())

    @property
    def backbone_parameter_count(self) -> int:
        """The number of parameters of the body without its classifier."""
        steps = self.body.children
        return sum(s.parameter_count for s in steps if s.path != self.network.classifier)

    @property
    def multiply_adds(self) -> int:
        """The number of multiplications by weights per image, in the body and the heads."""
        return sum(root.multiply_adds for root in self.roots())

    def loss_weights(self) -> dict[str, float]:
        """The weight of each output's training loss."""
        heads = {name: self.network.heads[name].weight for name in self.heads}
        return {self.network.output: 1.0} | heads

    def check_input(self, shape: Shape) -> None:
        """Raises UsageError unless `shape` is N x C x H x W and matches the network's input."""
        check_batch(self.network.name, self.network.input, shape)

    def groups(self) -> dict[str, int]:
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
            f"{self.network.name} has no layer {path!r}; "
            f"`googlenet summary {self.network.name}` lists them"
        )


def check_batch(name: str, input: Shape, shape: Shape) -> None:
    """Raises UsageError unless `shape` is a batch of at least one image of shape `input`."""
    if shape[1:] == input and shape[0]:
        return
    advice = "; set the size with `input` when building the network"
    if shape == input:
        advice = "; add a batch axis, as in x[None]"
    elif shape[1:] == input:
        advice = "; the batch must not be empty"
    raise UsageError(
        f"{name} expects batches of shape Nx{shape_text(input)}, not {shape_text(shape)}{advice}"
    )
