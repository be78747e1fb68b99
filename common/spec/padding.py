"""Sliding windows: resolves padding to numbers, and computes output sizes."""

from common.errors import UsageError
from common.spec import Padding, PaddingRule, Shape, Size, pair

Pads = tuple[tuple[int, int], tuple[int, int]]  # ((top, bottom), (left, right))
NO_PADS: Pads = ((0, 0), (0, 0))


def slide(
    path: str, shape: Shape, kernel: Size, stride: Size, padding: Padding
) -> tuple[Shape, Pads]:
    """The output size (rows, columns) of a layer with sliding windows, and its padding.

    Raises UsageError if the padded input is smaller than the window.
    """
    sizes, pads = [], []
    for axis in (0, 1):
        rule = padding if isinstance(padding, PaddingRule) else pair(padding)[axis]
        size, pad = slide_axis(shape[1 + axis], pair(kernel)[axis], pair(stride)[axis], rule)
        if size < 1:
            rows, columns = pair(kernel)
            raise UsageError(
                f"{path}: a {rows}x{columns} window does not fit a map of {shape[1]}x{shape[2]}"
            )
        sizes.append(size)
        pads.append(pad)
    return tuple(sizes), (pads[0], pads[1])


def adaptive_windows(size: int, windows: int) -> list[tuple[int, int]]:
    """The (start, end) of each window of an adaptive pool along one axis; the end is exclusive."""
    return [(i * size // windows, -(-(i + 1) * size // windows)) for i in range(windows)]


def mean_matrix(size: int, windows: int) -> list[list[float]]:
    """The weights with which an adaptive pool averages along one axis, one row per window."""
    return [
        [float(first <= i < last) / (last - first) for i in range(size)]
        for first, last in adaptive_windows(size, windows)
    ]


def slide_axis(
    size: int, kernel: int, stride: int, padding: int | PaddingRule
) -> tuple[int, tuple[int, int]]:
    """The number of windows along one axis, and the padding (before, after)."""
    match padding:
        case PaddingRule.SAME:
            windows = -(-size // stride)
            border = max((windows - 1) * stride + kernel - size, 0)
            return windows, (border // 2, border - border // 2)
        case PaddingRule.CEIL:
            windows = -((kernel - size) // stride) + 1
            if (windows - 1) * stride >= size:  # as in PyTorch, no window starts beyond the input
                windows -= 1
            return windows, (0, max((windows - 1) * stride + kernel - size, 0))
        case int():
            return (size + 2 * padding - kernel) // stride + 1, (padding, padding)
