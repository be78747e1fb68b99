"""Rejects most edits of a segment quickly: by the map's shape, or by a part of its values."""

from collections.abc import Callable
from math import prod

import numpy as np

from common import spec
from common.errors import UsageError
from common.spec import Layer, Shape
from common.spec.planner import make_node
from common.tools.check.foreign_layers import ENDINGS, is_activation
from common.tools.check.graph import Graph, Other, Values, steps, value_read, where_it_fits
from common.tools.check.trace import Array, agreement

CHANNELS = 16  # of one image: enough to see that an edit changes nothing for the better
SMALL = 20_000  # values: computing all of them is as quick
BY_CHANNEL = spec.ReLU, spec.MaxPool, spec.AvgPool, spec.AdaptiveAvgPool, spec.GlobalAvgPool
BY_IMAGE = spec.LRN, spec.Concat, spec.Flatten
Cut = Callable[[Array], Array]


class Promising:
    """Whether an edited graph may explain a map better than the best one so far.

    `found` is the input of the op `reader` in the user's network, `forced` are the outputs taken
    from that network, and `known` the outputs that an edit does not change. The answer is wrong
    only for an edit that improves nothing in the part that is compared: some channels of one
    image, or one image where layers mix channels.
    """

    def __init__(self, reader: str, found: Array, digits: int, forced: Values) -> None:
        self.reader, self.found, self.digits, self.forced = reader, found, digits, forced
        self.most: dict[Cut, float] = {}

    def passes(self, graph: Graph, known: Values) -> bool:
        """Whether all values of the edited graph are worth computing."""
        shape = shape_read(graph, self.reader, known, self.forced)
        if shape is not None and without_ones(shape) != without_ones(self.found.shape):
            return False
        cut = self.cut_for(graph, known)
        part = 1.0 if cut is None else self.part(graph, known, cut)
        return part == 1 or (cut is not None and part > self.most.get(cut, -1.0))

    def keep(self, graph: Graph, known: Values) -> None:
        """Makes this graph the best one so far."""
        for cut in (some_channels, one_image):
            self.most[cut] = self.part(graph, known, cut)

    def cut_for(self, graph: Graph, known: Values) -> Cut | None:
        """The part that is enough for this graph; None if all values are needed."""
        if self.found.size < SMALL:
            return None
        layers = recomputed(graph, self.reader, known, self.forced)
        if all(is_by_channel(each) for each in layers) and self.found.ndim == 4:
            return some_channels
        return one_image if all(map(is_by_image, layers)) else None

    def part(self, graph: Graph, known: Values, cut: Cut) -> float:
        """The fraction of values that agree in a part; -1 if the part cannot be computed."""
        own = {name: cut(y) for name, y in known.items()}
        with np.errstate(all="ignore"):  # a wrong guess may overflow
            y = where_it_fits(self.value_of_part, graph, own, cut)
        return -1.0 if y is None else agreement(cut(self.found), y, self.digits)

    def value_of_part(self, graph: Graph, own: Values, cut: Cut) -> Array:
        """The input of the reader, computed from parts of the known outputs."""
        for name, y in self.forced.items():
            if name not in own and name in graph:
                own[name] = steps(name, graph[name].then, cut(y))
        return value_read(graph, self.reader, own)


def some_channels(y: Array) -> Array:
    """Some channels of the first image of a batch."""
    return y[:1, :: max(y.shape[1] // CHANNELS, 1)]


def one_image(y: Array) -> Array:
    """The first image of a batch."""
    return y[:1]


def recomputed(
    graph: Graph, reader: str, known: Values, forced: Values
) -> list[Layer | Other | None]:
    """The layers that lead from known outputs to the input of an op."""
    found: list[Layer | Other | None] = [*graph[reader].before]
    waiting, seen = [graph[reader].inputs[0]], set()
    while waiting:
        name = waiting.pop()
        if name not in known and name not in seen:
            seen.add(name)
            op = graph[name]
            found += op.then if name in forced else [*op.before, op.layer, *op.then]
            waiting += () if name in forced else op.inputs
    return found


def is_by_channel(layer: Layer | Other | None) -> bool:
    """Whether a layer computes each channel of each image from that channel."""
    if isinstance(layer, Other):
        return layer.each == "channel"
    return layer is None or isinstance(layer, (*BY_CHANNEL, spec.Dropout, spec.Residual))


def is_by_image(layer: Layer | Other | None) -> bool:
    """Whether a layer computes each image from that image."""
    if isinstance(layer, Other):
        return layer.each != "batch"
    return is_by_channel(layer) or isinstance(layer, BY_IMAGE)


def shape_read(graph: Graph, reader: str, known: Values, forced: Values) -> Shape | None:
    """The shape of an op's input; None if it is not known without computing it.

    It is () where a layer does not fit.
    """
    shapes: dict[str, Shape | None] = {name: y.shape for name, y in known.items()}

    def shape_of(name: str) -> Shape | None:
        if name not in shapes:
            op = graph[name]
            if name in forced:
                return shapes.setdefault(name, after_all(op.then, forced[name].shape))
            own = [shape_of(each) for each in op.inputs]
            first = after_all(op.before, own[0])
            shapes[name] = after_all(op.then, joined_shape(op.layer, [first, *own[1:]]))
        return shapes[name]

    try:
        return after_all(graph[reader].before, shape_of(graph[reader].inputs[0]))
    except (UsageError, ValueError, IndexError):
        return ()


def joined_shape(layer: Layer | Other | None, shapes: list[Shape | None]) -> Shape | None:
    """The shape of a layer's output; raises ValueError where its inputs do not fit together."""
    if len(shapes) == 1 or layer is None:
        return after(layer, shapes[0])
    if None in shapes or not isinstance(layer, spec.Concat):
        return None
    maps = [each for each in shapes if each is not None]
    if len({(each[0], *each[2:]) for each in maps}) > 1:
        raise ValueError("maps of different sizes")
    return (maps[0][0], sum(each[1] for each in maps), *maps[0][2:])


def after_all(layers: tuple[Layer | Other, ...], shape: Shape | None) -> Shape | None:
    """The shape after these steps."""
    for layer in layers:
        shape = after(layer, shape)
    return shape


def after(layer: Layer | Other | None, shape: Shape | None) -> Shape | None:
    """The shape after a layer with one input."""
    if shape is None or layer is None:
        return shape
    if isinstance(layer, Other):
        is_plain = is_activation(layer) or layer in ENDINGS or layer.what.startswith("LRN")
        return shape if is_plain else None
    if isinstance(layer, spec.Concat | spec.Residual):
        return None
    return (shape[0], *make_node(layer, "layer", shape[1:]).output)


def without_ones(shape: Shape) -> Shape:
    """A shape without the ones at its end, as a map of 1 x 1 is compared with a vector."""
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape if prod(shape) else ()
