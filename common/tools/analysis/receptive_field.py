"""The depth and the receptive field of a network."""

from dataclasses import dataclass

from common import spec
from common.spec import pair
from common.spec.plan import Node, Plan


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The depth (layers with weights on the longest path) and the receptive field, in pixels.

    `stride` is the distance between two neighbouring outputs, in pixels of the input. The field
    and the stride are those of the rows.
    """

    depth: int = 0
    field: int = 1
    stride: int = 1

    def through(self, node: Node) -> "Reach":
        """The reach after one more layer."""
        match node.layer:
            case spec.Chain():
                reach = self
                for child in node.children:
                    reach = reach.through(child)
                return reach
            case spec.Concat() | spec.Residual():
                ways = [self.through(child) for child in node.children]
                depth, field = max(way.depth for way in ways), max(way.field for way in ways)
                return Reach(depth=depth, field=field, stride=ways[0].stride)
            case spec.Conv(_, kernel, stride) | spec.DepthwiseConv(kernel, stride):
                return self.widened(1, pair(kernel)[0], pair(stride)[0])
            case spec.MaxPool(kernel, stride) | spec.AvgPool(kernel, stride):
                return self.widened(0, pair(kernel)[0], pair(stride)[0])
            case spec.Linear():
                return Reach(depth=self.depth + 1, field=self.field, stride=self.stride)
        return self

    def through_layer(self, node: Node) -> "Reach":
        """The reach after a layer of the body; a global pool sees all rows of its map."""
        if isinstance(node.layer, spec.GlobalAvgPool):
            return self.widened(0, node.input[1], 1)
        return self.through(node)

    def widened(self, deeper: int, kernel: int, stride: int) -> "Reach":
        """The reach after a layer with a window of `kernel` rows that moves by `stride`."""
        field = self.field + (kernel - 1) * self.stride
        return Reach(depth=self.depth + deeper, field=field, stride=self.stride * stride)


def reach(plan: Plan) -> Reach:
    """The reach of the body, leaving out global and adaptive pools, which cover the whole map."""
    return Reach().through(plan.body)
