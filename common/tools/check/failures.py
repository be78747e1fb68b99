"""Explains the errors of frameworks where the layers of a network do not fit together."""

import re
from collections import Counter

Size = tuple[int, int]
# The concatenation of maps of different sizes, in the words of each framework.
PYTORCH = re.compile(r"Expected size (\d+) but got size (\d+) for tensor number (\d+)")
KERAS = re.compile(r"`?Concatenate`? layer requires inputs with matching shapes.*?(\[\(.*\)\])")
TENSORFLOW = re.compile(r"ConcatOp.*?shape\[0\] = \[([\d,]+)\] vs\. shape\[(\d+)\] = \[([\d,]+)\]")
PADDLE = re.compile(
    r"received input\[0\]'s shape = \[([\d, ]+)\], input\[(\d+)\]'s shape = \[([\d, ]+)\]"
)
# A layer whose input has a different number of channels or values from the expected one.
CHANNELS = (
    re.compile(r"input's channels is (?P<own>\d+).*?filter's channels is (?P<wanted>\d+)"),
    re.compile(
        r"expected input.{0,40} to have (?P<wanted>\d+) channels, but got (?P<own>\d+) chan"
    ),
)
VALUES = re.compile(r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)")
MEMORY = re.compile(r"OOM when allocating tensor with shape\[(\d+),(\d+)\]")
MANY = 50_000  # values of an image before a linear layer: 7 x 7 maps of 1,000 channels


def explained(text: str) -> str:
    """A fix for an error about branches or layers of different sizes; "" for other errors."""
    for pattern in CHANNELS:
        if found := pattern.search(text):
            return f"the layer expects {found['wanted']} channels but got {found['own']}"
    if (found := MEMORY.search(text)) and int(found[1]) > MANY:
        return (
            f"out of memory, because a linear layer reads {int(found[1]):,} values of each image: "
            "a stride, a pool or the global average pool before it is missing"
        )
    if found := VALUES.search(text):
        return f"the linear layer expects {found[2]} values but got {found[1]}"
    if found := PYTORCH.search(text):
        first, own, number = map(int, found.groups())
        return advised({1: (first, first), number + 1: (own, own)})
    if found := KERAS.search(text):
        sizes = re.findall(r"(\d+), (\d+), \d+\)", found[1])
        return odd_one([(int(a), int(b)) for a, b in sizes])
    if found := TENSORFLOW.search(text):
        return advised({1: size_in(found[1], 1), int(found[2]) + 1: size_in(found[3], 1)})
    if found := PADDLE.search(text):
        return advised({1: size_in(found[1], 2), int(found[2]) + 1: size_in(found[3], 2)})
    return ""


def size_in(shape: str, start: int) -> Size:
    """The rows and columns in the text of a shape, whose rows are at this place."""
    rows, columns = re.findall(r"\d+", shape)[start : start + 2]
    return int(rows), int(columns)


def odd_one(sizes: list[Size]) -> str:
    """A fix, where the sizes of all branches are known."""
    usual = Counter(sizes).most_common(1)[0][0]
    odd = [number for number, each in enumerate(sizes, 1) if each != usual]
    return advised({sizes.index(usual) + 1: usual, odd[0]: sizes[odd[0] - 1]}) if odd else ""


def advised(found: dict[int, Size]) -> str:
    """Two branches with their sizes, and what the one with the smaller map needs."""
    (small, own), (large, other) = sorted(found.items(), key=lambda each: each[1])
    text = f"branch {small} outputs {own[0]}x{own[1]}, branch {large} {other[0]}x{other[1]}"
    lost = [b - a for a, b in zip(own, other, strict=True)]
    if any(2 * a <= b + 1 for a, b in zip(own, other, strict=True)):
        return f"{text}: all branches of a module must have the same stride"
    if min(lost) < 0 or any(n % 2 for n in lost):
        return text
    more = f"branch {small} needs {max(lost) // 2} more padding on each side"
    return f"{text}: {more} (3x3 needs 1 in all, 5x5 needs 2)"
