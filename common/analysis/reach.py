"""Depth and receptive field: two figures behind the family's story."""

from dataclasses import dataclass

from common import spec
from common.plan import Node, Plan
from common.spec import pair


@dataclass(frozen=True)
class Reach:
    """Depth, the layers with weights on the longest path, and the receptive field, in rows.

    `stride` is how many rows of the input lie between two outputs.
    """

    depth: int = 0
    field: int = 1
    stride: int = 1

    def through(self, node: Node) -> "Reach":
        """The reach after one more layer."""
        match node.word:
            case spec.Chain():
                reach = self
                for child in node.children:
                    reach = reach.through(child)
                return reach
            case spec.Concat() | spec.Residual():
                ways = [self.through(child) for child in node.children]
                depth, field = max(way.depth for way in ways), max(way.field for way in ways)
                return Reach(depth, field, ways[0].stride)
            case spec.Conv(_, kernel, stride) | spec.DepthwiseConv(kernel, stride):
                return self.widened(1, pair(kernel)[0], pair(stride)[0])
            case spec.MaxPool(kernel, stride) | spec.AvgPool(kernel, stride):
                return self.widened(0, pair(kernel)[0], pair(stride)[0])
            case spec.Linear():
                return Reach(self.depth + 1, self.field, self.stride)
        return self

    def widened(self, deeper: int, kernel: int, stride: int) -> "Reach":
        """The reach after a window of so many rows that moves by so many."""
        field = self.field + (kernel - 1) * self.stride
        return Reach(self.depth + deeper, field, self.stride * stride)


def reach(plan: Plan) -> Reach:
    """The reach of the body; global pools see everything and are left out."""
    return Reach().through(plan.body)
