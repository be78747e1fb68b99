"""A plan: a network laid out for one input size, a tree of nodes with all numbers worked out.

It is all that the frameworks and the reference ever see of a network.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from common import spec
from common.errors import UsageError
from common.notebook import page_frame
from common.spec import NetworkSpec, Shape, Word, shape_text
from common.windows import NO_PADS, Pads


@dataclass(frozen=True)
class Node:
    """One word in its place: its path, the maps around it (C x H x W), its parameters' shapes.

    `pads`, `eps` and `keep` are the word's padding, and batch norm's numbers; who builds or
    computes reads them here and nowhere else. `eps` and `keep` are rounded to float32, since
    Paddle stores them so and all must use the same.
    """

    path: str
    word: Word
    input: Shape
    output: Shape
    pads: Pads = NO_PADS
    eps: float = 0.0
    keep: float = 0.0
    parameters: tuple[tuple[str, Shape], ...] = ()
    statistics: tuple[tuple[str, Shape], ...] = ()
    children: tuple["Node", ...] = ()

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def source(self) -> "Node":
        """The node that makes this one's output: the last step of a chain, or the node itself."""
        return self.children[-1].source if isinstance(self.word, spec.Chain) else self

    @property
    def multiply_adds(self) -> int:
        """Multiplications by weights for one image, in this node and all within it."""
        weights = prod(dict(self.parameters).get("weight", ()))
        own = (
            weights * prod(self.output[1:])
            if isinstance(self.word, spec.Conv | spec.DepthwiseConv | spec.Linear)
            else 0
        )
        return own + sum(child.multiply_adds for child in self.children)

    @property
    def parameter_count(self) -> int:
        """The learned parameters of this node and all within it; statistics are none."""
        own = sum(prod(shape) for _, shape in self.parameters)
        return own + sum(child.parameter_count for child in self.children)

    @property
    def is_map(self) -> bool:
        """Whether the node makes a map of its own."""
        return len(self.output) == 3 and not isinstance(self.word, spec.Dropout)

    @property
    def is_vector(self) -> bool:
        """Whether the node makes a vector of its own."""
        own = not isinstance(self.word, spec.Flatten | spec.Dropout)
        return len(self.output) == 1 and own

    @property
    def is_unit(self) -> bool:
        """Whether nothing inside is worth a line of its own."""
        return isinstance(self.word, spec.Chain) and all(
            isinstance(child.word, spec.Conv | spec.DepthwiseConv | spec.BatchNorm | spec.ReLU)
            for child in self.children
        )

    def walk(self) -> Iterator["Node"]:
        """This node, then all within it, in the order of computation."""
        yield self
        for child in self.children:
            yield from child.walk()

    def units(self) -> Iterator["Node"]:
        """The nodes a person counts: blocks, pools, and convolutions together with their ReLU."""
        if self.path:
            yield self
        if self.children and not self.is_unit:
            for child in self.children:
                yield from child.units()


@dataclass(frozen=True)
class Plan:
    """A network laid out for its input: the body and, by name, the heads that hang on it."""

    network: NetworkSpec
    body: Node
    heads: dict[str, Node]

    def _repr_html_(self) -> str:
        """What a notebook shows: the network's page."""
        return page_frame(plan=self, reason="ask `common.jobs.compare` for a comparison")

    def roots(self) -> tuple[Node, ...]:
        """The body, then the heads."""
        return (self.body, *self.heads.values())

    def parts(self) -> list["Plan"]:
        """The body's steps, each as a plan of its own that bears the step's name.

        What only turns maps into vectors or works on vectors goes with the step before.
        """
        groups: list[list[Node]] = []
        for step in self.body.children:
            if len(step.input) == 3 and not isinstance(step.word, spec.Flatten | spec.Dropout):
                groups.append([])
            groups[-1].append(step)
        return [self.part(tuple(group)) for group in groups]

    def part(self, steps: tuple[Node, ...]) -> "Plan":
        """A plan of these steps of the body alone, without classes or heads."""
        first, chain = steps[0], spec.Chain({step.path: step.word for step in steps})
        alone = replace(self.network, name=first.path, input=first.input, body=chain)
        body = Node("", chain, first.input, steps[-1].output, children=steps)
        return Plan(replace(alone, classes=0, heads={}, aux=False), body, {})

    def nodes(self) -> Iterator[Node]:
        """Every node of the body, then of the heads."""
        yield from self.walked

    @cached_property
    def walked(self) -> tuple[Node, ...]:
        """The same, found once."""
        return tuple(node for root in self.roots() for node in root.walk())

    def parameters(self) -> dict[str, Shape]:
        """The shape of every learned parameter under its full name, in the file's layout."""
        return {f"{node.path}.{name}": s for node in self.nodes() for name, s in node.parameters}

    def arrays(self) -> dict[str, Shape]:
        """The shapes of all that a weights file holds: the parameters and the statistics."""
        return dict(self.shapes)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The same, found once."""
        return {
            f"{node.path}.{name}": shape
            for node in self.nodes()
            for name, shape in (*node.parameters, *node.statistics)
        }

    def trunk_arrays(self) -> dict[str, Shape]:
        """The arrays of all but the classifier and the heads."""
        arrays = self.arrays().items()
        return {name: shape for name, shape in arrays if not self.is_ending(name)}

    def is_ending(self, name: str) -> bool:
        """Whether an array is the classifier's, or that of a head, in the plan or not."""
        return name.split(".")[0] in (self.network.classifier, *self.network.heads)

    @property
    def parameter_count(self) -> int:
        """The parameters of the body and the heads."""
        return sum(root.parameter_count for root in self.roots())

    @property
    def trunk_parameter_count(self) -> int:
        """The parameters of the body without its classifier."""
        steps = self.body.children
        return sum(s.parameter_count for s in steps if s.path != self.network.classifier)

    @property
    def multiply_adds(self) -> int:
        """The multiplications by weights for one image, of the body and the heads."""
        return sum(root.multiply_adds for root in self.roots())

    def loss_weights(self) -> dict[str, float]:
        """The weight of each output's loss in training."""
        heads = {name: self.network.heads[name].weight for name in self.heads}
        return {self.network.output: 1.0} | heads

    def check_input(self, shape: Shape) -> None:
        """Raises UsageError unless a batch's shape is N x C x H x W as the network was built."""
        check_batch(self.network.name, self.network.input, shape)

    def groups(self) -> dict[str, int]:
        """How many channels go into each depthwise convolution, by its weight's name."""
        return {
            f"{node.path}.weight": node.input[0]
            for node in self.nodes()
            if isinstance(node.word, spec.DepthwiseConv)
        }

    def find(self, path: str) -> Node:
        """The node at `path`; raises UsageError where there is none."""
        for node in self.nodes():
            if node.path == path:
                return node
        raise UsageError(
            f"{self.network.name} has no layer {path!r}; "
            f"`googlenet summary {self.network.name}` lists them"
        )


def check_batch(name: str, input: Shape, shape: Shape) -> None:
    """Raises UsageError unless `shape` is that of at least one image with the shape `input`."""
    if shape[1:] == input and shape[0]:
        return
    advice = "; `input` sets the size when a network is built"
    if shape == input:
        advice = "; add the batch axis, as x[None] does"
    elif shape[1:] == input:
        advice = "; leave out empty batches"
    raise UsageError(
        f"{name} takes batches of Nx{shape_text(input)}, and not {shape_text(shape)}{advice}"
    )
