"""Matches the layers that ran with those of the plan, by their shapes and their inputs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from common import spec
from common.spec import Layer, Shape
from common.spec.plan import Plan
from common.tools.check.facts import facts_of
from common.tools.check.graph import Graph, Other
from common.tools.check.trace import ROUGHLY, Array, LayerCall, Trace, bound_for, is_far, reads

Signature = tuple[str, Shape]
Shapes = dict[str, Signature]  # the kind and weight shape of each op, by name


def traced_kind(layer: Layer) -> str:
    """The kind of a layer with weights, as traces name it."""
    match layer:
        case spec.BatchNorm():
            return "norm"
        case spec.Linear():
            return "linear"
    return "conv"


def wanted_shapes(plan: Plan) -> Shapes:
    """The kind and shape of every layer with weights in a plan."""
    return {
        node.path: signature(
            traced_kind(node.layer),
            dict(node.buffers).get("running_mean") or dict(node.parameters)["weight"],
        )
        for node in plan.nodes()
        if node.parameters
    }


def signature(kind: str, shape: Shape) -> Signature:
    """The kind and shape of a layer; a linear layer counts as a 1x1 convolution."""
    if kind == "linear":
        return "conv", (*shape, 1, 1)
    return kind, shape


def of_call(call: LayerCall) -> Signature:
    """The kind and shape of a layer that ran."""
    return signature(call.kind, call.shape)


class Matcher:
    """The layers that ran, by their numbers in the trace, and which ops have taken them."""

    def __init__(self, trace: Trace, graph: Graph, wanted: Shapes) -> None:
        self.calls, self.digits = trace.calls, trace.rough_digits
        self.activation = facts_of(trace).activation
        self.graph, self.wanted = graph, wanted
        self.signatures = [of_call(call) for call in self.calls]
        self.samples = [sample(call.input) for call in self.calls]
        self.inputs = Counter(each.tobytes() for each in self.samples)
        self.taken: dict[str, int] = {}
        self.free = dict.fromkeys(range(len(self.calls)))
        self.coming = dict.fromkeys(wanted)  # the ops that have yet to take a layer

    def take(self, name: str, number: int | None) -> LayerCall | None:
        """Takes the layer with this number for an op; None means that no layer is this op."""
        del self.coming[name]
        if number is None:
            return None
        del self.free[number]
        self.taken[name] = number
        return self.calls[number]

    def release(self, name: str) -> None:
        """Releases the layer that an op has taken, because a different op matches it better."""
        if name in self.taken:
            self.free[self.taken.pop(name)] = None
            self.free = dict.fromkeys(sorted(self.free))

    def restore(self, taken: Mapping[str, int]) -> None:
        """Gives back the layers that ops had taken before some were released."""
        self.taken = dict(taken)
        used = set(taken.values())
        self.free = dict.fromkeys(n for n in range(len(self.calls)) if n not in used)

    def shared(self) -> dict[str, str]:
        """The ops whose layers share an earlier op's weights; random weights are never equal."""
        seen: dict[bytes, str] = {}
        found: dict[str, str] = {}
        for name, number in self.taken.items():
            weights = self.calls[number].weights
            key = b"".join(weights[each].ravel()[:9].tobytes() for each in sorted(weights))
            if weights and seen.setdefault(key, name) != name:
                found[name] = seen[key]
        return found

    def settled(self) -> list[LayerCall]:
        """The layers that an op has taken or will need, without those that are not in the plan."""
        calls = enumerate(self.calls)
        return [
            call for number, call in calls if number not in self.free or not self.is_spare(number)
        ]

    def is_spare(self, number: int) -> bool:
        """Whether more free layers have this layer's shape than the ops to come can take."""
        shape = self.signatures[number]
        left = sum(self.signatures[other] == shape for other in self.free)
        return left > sum(self.wanted[other] == shape for other in self.coming)

    def readers(self, x: Array, among: Sequence[int]) -> Iterator[int]:
        """Yields the numbers of the layers that read this map."""
        few, bound = sample(x), None
        for number in among:
            if self.calls[number].input.shape == x.shape:  # most do not agree in a few values
                own = self.samples[number]
                if self.digits >= ROUGHLY and is_far(own, few):
                    continue
                bound = bound or bound_for(x, self.digits)
                if not (np.abs(own - few) <= bound).all():
                    continue
            if reads(self.calls[number], x, self.digits):
                yield number

    def count_readers(self, number: int) -> int:
        """The number of layers that read the same map as a layer."""
        return self.inputs[self.samples[number].tobytes()]

    def likeness(self, name: str, number: int) -> float:
        """A score of how well the layers after a layer match the ops after an op.

        It distinguishes layers that read the same feature map.
        """
        y = self.calls[number].output
        following = dict.fromkeys(
            follower for map in self.activated(y) for follower in self.readers(map, [*self.free])
        )
        score = 0.0
        with_norms = any(self.signatures[number][0] == "norm" for number in following)
        for reader in self.readers_in_graph(name, with_norms):
            if following:
                best = max(following, key=lambda follower: self.alike(reader, follower))
                score += self.alike(reader, best) + self.likeness(reader, best)
                del following[best]
            else:
                score -= 1
        return score - len(following)

    def activated(self, y: Array) -> Iterator[Array]:
        """Yields a map, and the map after a ReLU or the activation used in its place."""
        yield from (y, np.maximum(y, 0))
        if isinstance(self.activation, Other):
            yield self.activation.compute(y)

    def alike(self, name: str, number: int) -> float:
        """The similarity of a layer's shape and an op's: 1 if equal, 0.5 for equal channels."""
        own, found = self.wanted[name], self.signatures[number]
        return 1 if own == found else 0.5 * (made(own)[:1] == made(found)[:1])

    def readers_in_graph(self, name: str, with_norms: bool = True) -> Iterator[str]:
        """Yields the ops with weights that read an op's output, directly or through a ReLU.

        Without `with_norms`, those after a batch norm, which the network does not have here.
        """
        for other, op in self.graph.items():
            if name in op.inputs:
                is_skipped = not with_norms and isinstance(op.layer, spec.BatchNorm)
                if op.is_weighted and not is_skipped:
                    yield other
                elif is_skipped or op.layer == spec.ReLU():
                    yield from self.readers_in_graph(other, with_norms)


def sample(x: Array) -> Array:
    """Some values of a map."""
    return np.array(x.reshape(-1)[:: max(x.size // 64, 1)])


def made(layer: Signature) -> Shape:
    """The sizes that a layer's input does not determine: output channels, kernel rows, columns."""
    kind, shape = layer
    return shape if kind == "norm" else (shape[0], *shape[2:])
