"""Walks a spec for one input size: shapes, padding in numbers, parameters, multiply-adds.

What comes out, a tree of `Layer`, is all that the frameworks and the reference ever see.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from common import spec
from common.errors import UsageError
from common.spec import Network, Shape, Word, by, pair
from common.windows import NO_PADS, Pads, slide


@dataclass(frozen=True)
class Layer:
    """One word in its place: its path, the maps around it (C x H x W), its parameters' shapes."""

    path: str
    word: Word
    input: Shape
    output: Shape
    pads: Pads = NO_PADS
    parameters: tuple[tuple[str, Shape], ...] = ()
    statistics: tuple[tuple[str, Shape], ...] = ()
    children: tuple["Layer", ...] = ()

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def source(self) -> "Layer":
        """The layer that makes this one's output: the last step of a chain, or the layer itself."""
        return self.children[-1].source if isinstance(self.word, spec.Chain) else self

    @property
    def multiply_adds(self) -> int:
        """Multiplications by weights for one image, in this layer and all within it."""
        weights = prod(dict(self.parameters).get("weight", ()))
        own = (
            weights * prod(self.output[1:])
            if isinstance(self.word, spec.Conv | spec.DepthwiseConv | spec.Linear)
            else 0
        )
        return own + sum(child.multiply_adds for child in self.children)

    @property
    def parameter_count(self) -> int:
        """The learned parameters of this layer and all within it; statistics are none."""
        own = sum(prod(shape) for _, shape in self.parameters)
        return own + sum(child.parameter_count for child in self.children)

    def walk(self) -> Iterator["Layer"]:
        """This layer, then all within it, in the order of computation."""
        yield self
        for child in self.children:
            yield from child.walk()

    def units(self) -> Iterator["Layer"]:
        """The layers a person counts: blocks, pools, and convolutions together with their ReLU."""
        if self.path:
            yield self
        if self.children and not self.is_unit:
            for child in self.children:
                yield from child.units()

    @property
    def is_unit(self) -> bool:
        """Whether nothing inside is worth a line of its own."""
        return isinstance(self.word, spec.Chain) and all(
            isinstance(child.word, spec.Conv | spec.DepthwiseConv | spec.BatchNorm | spec.ReLU)
            for child in self.children
        )


@dataclass(frozen=True)
class Plan:
    """A network laid out for its input: the body and, by name, the heads that hang on it."""

    network: Network
    body: Layer
    heads: dict[str, Layer]

    def roots(self) -> tuple[Layer, ...]:
        """The body, then the heads."""
        return (self.body, *self.heads.values())

    def layers(self) -> Iterator[Layer]:
        """Every layer of the body, then of the heads."""
        for root in self.roots():
            yield from root.walk()

    def parameters(self) -> dict[str, Shape]:
        """The shape of every learned parameter under its full name, in the file's layout."""
        return {
            f"{layer.path}.{name}": shape
            for layer in self.layers()
            for name, shape in layer.parameters
        }

    def arrays(self) -> dict[str, Shape]:
        """The shapes of all that a weights file holds: the parameters and the statistics."""
        return {
            f"{layer.path}.{name}": shape
            for layer in self.layers()
            for name, shape in (*layer.parameters, *layer.statistics)
        }

    @property
    def parameter_count(self) -> int:
        """The parameters of the body and the heads."""
        return sum(root.parameter_count for root in self.roots())

    @property
    def trunk_parameter_count(self) -> int:
        """The parameters of the body without its classifier."""
        return sum(
            step.parameter_count
            for step in self.body.children
            if step.path != self.network.classifier
        )

    @property
    def multiply_adds(self) -> int:
        """The multiplications by weights for one image, of the body and the heads."""
        return sum(root.multiply_adds for root in self.roots())

    def loss_weights(self) -> dict[str, float]:
        """The weight of each output's loss in training."""
        heads = {name: self.network.heads[name].weight for name in self.heads}
        return {self.network.output: 1.0} | heads

    def check_input(self, shape: Shape) -> None:
        """Raises UsageError unless a batch's C x H x W is what the network was laid out for."""
        if tuple(shape) != self.network.input:
            raise UsageError(
                f"{self.network.name} was built for inputs of {by(self.network.input)} and given "
                f"{by(shape)}; build it with input={tuple(shape)}"
            )

    def groups(self) -> dict[str, int]:
        """How many channels go into each depthwise convolution, by its weight's name."""
        return {
            f"{layer.path}.weight": layer.input[0]
            for layer in self.layers()
            if isinstance(layer.word, spec.DepthwiseConv)
        }

    def find(self, path: str) -> Layer:
        """The layer at `path`; raises UsageError where there is none."""
        for layer in self.layers():
            if layer.path == path:
                return layer
        raise UsageError(
            f"{self.network.name} has no layer {path!r}; "
            f"`googlenet summary {self.network.name}` lists them"
        )


def plan(network: Network) -> Plan:
    """Lays a network out for its input; raises UsageError, naming the least that fits."""
    try:
        return lay_out(network)
    except UsageError as error:
        least = least_size(network)
        if least is None or min(network.input[1:]) >= least:
            raise
        told = f"{error}; {network.name} needs at least {least}x{least}"
        raise UsageError(told + (" with its heads" if network.aux else "")) from None


def least_size(network: Network) -> int | None:
    """The rows and columns of the least square input that every layer fits, up to 512."""

    def fits(size: int) -> bool:
        try:
            lay_out(replace(network, input=(network.input[0], size, size)))
        except UsageError:
            return False
        return True

    sizes = range(1, 513)
    least = bisect_left(sizes, True, key=fits) + 1
    return least if least in sizes else None


def lay_out(network: Network) -> Plan:
    """Lays a network out for its input; raises UsageError where a layer does not fit."""
    body = place(network.body, "", network.input)
    steps = {step.path: step for step in body.children}
    heads = {
        name: place(head.body, name, steps[head.after].output)
        for name, head in network.heads.items()
        if network.aux
    }
    return Plan(network, body, heads)


def place(word: Word, path: str, shape: Shape) -> Layer:
    """One word where its input has this shape."""
    match word:
        case spec.Conv(channels, kernel, stride, padding, bias):
            size, pads = slide(path, shape, kernel, stride, padding)
            parameters: list[tuple[str, Shape]] = [("weight", (channels, shape[0], *pair(kernel)))]
            if bias:
                parameters.append(("bias", (channels,)))
            return Layer(path, word, shape, (channels, *size), pads, tuple(parameters))
        case spec.DepthwiseConv(kernel, stride, padding, multiplier):
            size, pads = slide(path, shape, kernel, stride, padding)
            channels = shape[0] * multiplier
            weight = (channels, 1, *pair(kernel))
            return Layer(path, word, shape, (channels, *size), pads, (("weight", weight),))
        case spec.BatchNorm(scale=scale):
            each = shape[:1]
            learned = (("weight", each), ("bias", each)) if scale else (("bias", each),)
            statistics = (("running_mean", each), ("running_var", each))
            return Layer(path, word, shape, shape, parameters=learned, statistics=statistics)
        case spec.MaxPool(kernel, stride, padding) | spec.AvgPool(kernel, stride, padding):
            size, pads = slide(path, shape, kernel, stride, padding)
            return Layer(path, word, shape, (shape[0], *size), pads)
        case spec.AdaptiveAvgPool(size):
            return Layer(path, word, shape, (shape[0], size, size))
        case spec.GlobalAvgPool():
            return Layer(path, word, shape, (shape[0], 1, 1))
        case spec.ReLU() | spec.Dropout() | spec.LRN() | spec.Affine():
            return Layer(path, word, shape, shape)
        case spec.Flatten():
            return Layer(path, word, shape, (prod(shape),))
        case spec.Linear(features):
            learned = (("weight", (features, *shape)), ("bias", (features,)))
            return Layer(path, word, shape, (features,), parameters=learned)
        case spec.Chain(steps):
            children: list[Layer] = []
            for name, step in steps.items():
                before = children[-1].output if children else shape
                children.append(place(step, join(path, name), before))
            return Layer(path, word, shape, children[-1].output, children=tuple(children))
        case spec.Concat(branches):
            children = [place(step, join(path, name), shape) for name, step in branches.items()]
            output = join_channels(path, [child.output for child in children])
            return Layer(path, word, shape, output, children=tuple(children))
        case spec.Residual(branch, shortcut):
            named = {"branch": branch} | ({"shortcut": shortcut} if shortcut else {})
            children = [place(part, join(path, name), shape) for name, part in named.items()]
            ends = [child.output for child in children] + ([] if shortcut else [shape])
            if ends[0] != ends[1]:
                raise UsageError(f"{path}: {by(ends[0])} cannot be added to {by(ends[1])}")
            return Layer(path, word, shape, ends[0], children=tuple(children))
    raise TypeError(f"{path}: {word!r} is not a word of the grammar")


def join(path: str, name: str) -> str:
    """The path of a step inside a layer."""
    return f"{path}.{name}" if path else name


def is_map(layer: Layer) -> bool:
    """Whether the layer makes a map of its own."""
    return len(layer.output) == 3 and not isinstance(layer.word, spec.Dropout)


def join_channels(path: str, shapes: list[Shape]) -> Shape:
    """The shape of maps joined along the channels."""
    if len({shape[1:] for shape in shapes}) > 1:
        raise UsageError(f"{path}: branches of unequal size {shapes} cannot be joined")
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])
