"""The part of the input that one cell of a feature map depends on, in rows and columns."""

from dataclasses import dataclass

from common import spec
from common.spec import pair
from common.spec.plan import Node, Plan


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Along one axis, cell i depends on `size` pixels from `start` + i * `stride`."""

    start: int = 0
    size: int = 1
    stride: int = 1

    def slide(self, kernel: int, stride: int, before: int) -> "Axis":
        """The axis after a layer with a sliding window, padded by `before`."""
        start = self.start - before * self.stride
        return Axis(
            start=start, size=self.size + (kernel - 1) * self.stride, stride=self.stride * stride
        )

    def union(self, other: "Axis") -> "Axis":
        """The axis that covers both."""
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        return Axis(start=start, size=end - start, stride=self.stride)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The part of the input that a cell depends on; padding may be in it."""

    rows: Axis = Axis()
    columns: Axis = Axis()

    def through(self, node: Node) -> "Window":
        """The window after one more layer; global and adaptive pools are left out."""
        match node.layer:
            case spec.Chain():
                window = self
                for child in node.children:
                    window = window.through(child)
                return window
            case spec.Concat() | spec.Residual():
                ways = [self.through(child) for child in node.children]
                if len(ways) == 1:
                    ways.append(self)
                rows, columns = ways[0].rows, ways[0].columns
                for way in ways[1:]:
                    rows, columns = rows.union(way.rows), columns.union(way.columns)
                return Window(rows=rows, columns=columns)
            case (
                spec.Conv(kernel=kernel, stride=stride)
                | spec.DepthwiseConv(kernel=kernel, stride=stride)
                | spec.MaxPool(kernel=kernel, stride=stride)
                | spec.AvgPool(kernel=kernel, stride=stride)
            ):
                down, across = zip(
                    pair(kernel), pair(stride), (before for before, _ in node.pads), strict=True
                )
                return Window(rows=self.rows.slide(*down), columns=self.columns.slide(*across))
        return self


def window_of(plan: Plan, path: str) -> Window:
    """The window of a cell of the output of the body's layer at `path`."""
    return window_until(plan.body, path, Window())


def window_until(node: Node, path: str, before: Window) -> Window:
    """The window of the layer at `path`, which is `node` or inside it."""
    if node.path == path:
        return before.through(node)
    for child in node.children:
        if f"{path}.".startswith(f"{child.path}."):
            return window_until(child, path, before)
        if isinstance(node.layer, spec.Chain):
            before = before.through(child)
    raise ValueError(f"{path} is not in {node.path or 'the body'}")
