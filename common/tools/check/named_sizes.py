"""The sizes of images that a user's file names, such as in `torch.randn(1, 3, 96, 96)`."""

import ast
import re
from collections.abc import Iterator, Sequence

from common.spec import Shape

BATCHES = re.compile(r"randn?|zeros|ones|empty|full|normal|uniform|random|random_sample|TensorSpec")
SHAPES = re.compile(r"(input|img|image|in)_?(shape|size|dims?)|shape|input_data")
TAKES_SHAPE = re.compile(r"summary|Input|InputSpec|Model|build")  # functions, for their arguments
CHANNELS = (1, 3)
LEAST, MOST = 24, 600  # rows of an image


def named_sizes(tree: ast.AST | None) -> list[Shape]:
    """The sizes C x H x W that a file names, those that it names first coming first."""
    found = (read(each) for call in calls(tree) for each in shapes_in(call))
    return list(dict.fromkeys(each for each in found if each))


def calls(tree: ast.AST | None) -> Iterator[ast.Call]:
    """Yields the calls in a tree, in the order of their lines."""
    own = [] if tree is None else [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
    yield from sorted(own, key=lambda each: (each.lineno, each.col_offset))


def shapes_in(call: ast.Call) -> Iterator[Sequence[ast.expr]]:
    """Yields the parts of each argument that may be the shape of an image or a batch."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if BATCHES.fullmatch(name) and len(call.args) == 4:
        yield call.args
    if BATCHES.fullmatch(name) or TAKES_SHAPE.fullmatch(name):
        yield from (each.elts for each in call.args if isinstance(each, ast.Tuple | ast.List))
    for each in call.keywords:
        if isinstance(each.value, ast.Tuple | ast.List) and SHAPES.fullmatch(each.arg or ""):
            yield each.value.elts


def read(parts: Sequence[ast.expr]) -> Shape | None:
    """The size C x H x W that these numbers are; None if they are no image's."""
    numbers = [each.value for each in parts if isinstance(each, ast.Constant)]
    if len(numbers) != len(parts) or len(parts) not in (3, 4):
        return None
    sizes = [each for each in numbers[-3:] if type(each) is int]
    for channels, *inside in (sizes, sizes[2:] + sizes[:2]):
        if len(sizes) == 3 and channels in CHANNELS and all(LEAST <= n <= MOST for n in inside):
            return (channels, *inside)
    return None
