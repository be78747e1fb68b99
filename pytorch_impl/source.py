"""Plan to PyTorch source: one case per word of the grammar, a class per kind of block."""

from pathlib import Path

from common import spec
from common.plan import Node, Plan
from common.source.blocks import Place
from common.source.classes import Idiom, classes, in_place, padding
from common.source.layout import Call, Expression, call, moves
from common.source.module import Sheet, put_together

OWN = Path(__file__).parent / "own_layers.py"
MAIN = """if __name__ == "__main__":
    print(sum(p.numel() for p in {name}().parameters()), "parameters")"""
UNSCALED = """def unscaled(channels: int, eps: float, momentum: float) -> BatchNorm:
    norm = BatchNorm(channels, eps=eps, momentum=momentum)
    norm.register_parameter("weight", None)
    return norm"""
NUMBERED = """def numbered(*steps: nn.Module) -> nn.Sequential:
    chain = nn.Sequential()
    for number, step in enumerate(steps, 1):
        chain.add_module(str(number), step)
    return chain"""


def source(plan: Plan) -> str:
    """The network as one file of plain PyTorch."""
    sheet = Sheet(plan, style)
    idiom = Idiom("nn.Module", "add_module", layer, parent)
    parts = [*classes(sheet, idiom), [MAIN.format(name=sheet.network_name)]]
    return put_together(plan, "PyTorch", OWN, parts, {"numbered": NUMBERED, "unscaled": UNSCALED})


def style(node: Node, _: bool) -> object:
    """What Conv2d cannot say as a number: a border of its own on each side."""
    return isinstance(node.word, spec.Conv | spec.DepthwiseConv) and not symmetric(node)


def layer(sheet: Sheet, place: Place) -> Expression:
    """What makes one layer, or a block."""
    node, made = place.node, sheet.made(place)
    if made:
        return made
    match node.word:
        case spec.Conv(bias=bias):
            return conv(place, bias=None if bias else "False")
        case spec.DepthwiseConv():
            return conv(place, groups=place.inputs, bias="False")
        case spec.BatchNorm(eps, keep, scale):
            made = "BatchNorm" if scale else "unscaled"
            return call(made, place.inputs, eps=eps, momentum=round(1 - keep, 6))
        case spec.LRN(size, alpha, beta):
            return call("LRN", size, alpha, beta)
        case spec.Affine(scale, shift):
            return call("Affine", scale, shift, maps=len(node.input) == 3)
        case spec.MaxPool(kernel, stride):
            return max_pool(node, kernel, stride)
        case spec.AvgPool(kernel, stride, counts_border=counts):
            return avg_pool(node, kernel, stride, counts)
        case spec.AdaptiveAvgPool(size):
            return call("nn.AdaptiveAvgPool2d", size)
        case spec.GlobalAvgPool():
            return call("nn.AdaptiveAvgPool2d", 1)
        case spec.ReLU():
            return call("nn.ReLU")
        case spec.Dropout(rate):
            return call("nn.Dropout", rate)
        case spec.Flatten():
            return call("nn.Flatten")
        case spec.Linear(bias=bias):
            return call("nn.Linear", place.inputs, place.outputs, bias=None if bias else "False")
        case spec.L2Norm():
            return call("L2Norm")
    if isinstance(node.word, spec.Chain | spec.Residual):
        return in_place(sheet, place, layer)
    raise TypeError(f"{node.path}: pytorch_impl cannot print {node.word!r}")


def parent(node: Node) -> tuple[str, str]:
    """The class that a kind of block is derived from, and what that is given."""
    match node.word:
        case spec.Chain():
            return "nn.Sequential", ""
        case spec.Concat():
            return "Concat", ""
        case spec.Residual(scale=scale):
            return "Residual", "" if scale == 1 else str(scale)
    raise TypeError(f"{node.path}: pytorch_impl cannot print {node.word!r}")


def conv(place: Place, **options: str | None) -> Call:
    """A convolution."""
    given = place.inputs, place.outputs, place.say("kernel", lambda n: n.word.kernel)
    stride = place.say("stride", lambda n: n.word.stride)
    if not symmetric(place.node):
        pads = place.say("pads", lambda n: n.pads)
        return call("PaddedConv2d", *given, stride=stride, pads=pads, **options)
    return call("nn.Conv2d", *given, *moves(stride, padding(place, before)), **options)


def max_pool(node: Node, kernel: spec.Size, stride: spec.Size) -> Call:
    """A max pool with the plan's border, in the plainest form that has it."""
    if symmetric(node):
        return call("nn.MaxPool2d", kernel, stride, padding=before(node))
    if all(first == 0 for first, _ in node.pads):
        return call("nn.MaxPool2d", kernel, stride, ceil_mode="True")
    sides = (*node.pads[1], *node.pads[0])
    border = call("nn.ConstantPad2d", sides, 'float("-inf")')
    return call("nn.Sequential", border, call("nn.MaxPool2d", kernel, stride))


def avg_pool(node: Node, kernel: spec.Size, stride: spec.Size, counts_border: bool) -> Call:
    """An average pool; PyTorch has it for borders that are the same on both sides alone."""
    if not symmetric(node):
        raise TypeError(f"{node.path}: pytorch_impl cannot average over {node.pads}")
    counted = "False" if any(map(max, node.pads)) and not counts_border else None
    padding = before(node)
    return call("nn.AvgPool2d", kernel, stride, padding=padding, count_include_pad=counted)


def symmetric(node: Node) -> bool:
    """Whether the border is the same on both sides."""
    return all(first == last for first, last in node.pads)


def before(node: Node) -> spec.Size:
    """The border above and to the left."""
    rows, columns = node.pads[0][0], node.pads[1][0]
    return rows if rows == columns else (rows, columns)
