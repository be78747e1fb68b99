"""Generates PyTorch source from a plan: one case per layer type, one class per kind of block."""

from pathlib import Path

from common import spec
from common.spec.plan import Node, Plan
from common.tools.source.blocks import Place
from common.tools.source.classes import Idiom, classes, in_place, network_class, padding
from common.tools.source.expressions import Call, Expression, call, moves
from common.tools.source.module import Sheet, put_together
from common.tools.source.printed import Printed

OWN = Path(__file__).parent / "custom_layers.py"
MAIN = """if __name__ == "__main__":
    print(sum(p.numel() for p in {name}().parameters()), "parameters")"""
UNSCALED = """def unscaled(norm: nn.Module) -> nn.Module:
    norm.register_parameter("weight", None)
    return norm"""
NUMBERED = """def numbered(*layers: nn.Module) -> nn.Sequential:
    chain = nn.Sequential()
    for number, layer in enumerate(layers, 1):
        chain.add_module(str(number), layer)
    return chain"""
HELPERS = {"numbered": NUMBERED, "unscaled": UNSCALED}


def source(plan: Plan) -> Printed:
    """The network as a single file of plain PyTorch code."""
    sheet = Sheet(plan, style)
    idiom = Idiom(module="nn.Module", add="add_module", layer=layer, parent=parent)
    blocks, net = classes(sheet, idiom), network_class(sheet, idiom)
    return put_together(
        plan, "PyTorch", OWN, blocks, net, [MAIN.format(name=sheet.network_name)], HELPERS
    )


def style(node: Node, _: bool) -> object:
    """Whether a convolution needs `PaddedConv2d`: its padding differs on opposite sides."""
    return isinstance(node.layer, spec.Conv | spec.DepthwiseConv) and not symmetric(node)


def layer(sheet: Sheet, place: Place) -> Expression:
    """The expression that creates one layer or block."""
    node, block = place.node, sheet.block_call(place)
    if block:
        return block
    match node.layer:
        case spec.Conv(bias=bias):
            return conv(place, bias=None if bias else "False")
        case spec.DepthwiseConv():
            return conv(place, groups=place.inputs, bias="False")
        case spec.BatchNorm(eps, keep, scale):
            kind = "nn.BatchNorm2d" if len(node.input) == 3 else "nn.BatchNorm1d"
            norm = call(kind, place.inputs, eps=eps, momentum=round(1 - keep, 6))
            return norm if scale else call("unscaled", norm)
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
    if isinstance(node.layer, spec.Chain | spec.Residual):
        return in_place(sheet, place, layer)
    raise TypeError(f"{node.path}: pytorch_impl cannot print {node.layer!r}")


def parent(node: Node) -> tuple[str, str]:
    """The base class for a kind of block, and the arguments of its constructor."""
    match node.layer:
        case spec.Chain():
            return "nn.Sequential", ""
        case spec.Concat():
            return "Concat", ""
        case spec.Residual(scale=scale):
            return "Residual", "" if scale == 1 else str(scale)
    raise TypeError(f"{node.path}: pytorch_impl cannot print {node.layer!r}")


def conv(place: Place, **options: str | None) -> Call:
    """The call that creates a convolution."""
    given = place.inputs, place.outputs, place.value("kernel", lambda n: n.layer.kernel)
    stride = place.value("stride", lambda n: n.layer.stride)
    if not symmetric(place.node):
        pads = place.value("pads", lambda n: n.pads)
        return call("PaddedConv2d", *given, stride=stride, pads=pads, **options)
    return call("nn.Conv2d", *given, *moves(stride, padding(place, before)), **options)


def max_pool(node: Node, kernel: spec.Size, stride: spec.Size) -> Call:
    """A max pool with the plan's padding, in the simplest form that supports it."""
    if symmetric(node):
        return call("nn.MaxPool2d", kernel, stride, padding=before(node))
    if all(first == 0 for first, _ in node.pads) and min(spec.pair(stride)) > 1:
        return call("nn.MaxPool2d", kernel, stride, ceil_mode="True")
    sides = (*node.pads[1], *node.pads[0])
    border = call("nn.ConstantPad2d", sides, 'float("-inf")')
    return call("nn.Sequential", border, call("nn.MaxPool2d", kernel, stride))


def avg_pool(node: Node, kernel: spec.Size, stride: spec.Size, counts_border: bool) -> Call:
    """An average pool; raises TypeError unless the padding is the same on both sides."""
    if not symmetric(node):
        raise TypeError(f"{node.path}: pytorch_impl cannot average with padding {node.pads}")
    counted = "False" if any(map(max, node.pads)) and not counts_border else None
    padding = before(node)
    return call("nn.AvgPool2d", kernel, stride, padding=padding, count_include_pad=counted)


def symmetric(node: Node) -> bool:
    """Whether the padding is the same on both sides."""
    return all(first == last for first, last in node.pads)


def before(node: Node) -> spec.Size:
    """The padding above and to the left."""
    rows, columns = node.pads[0][0], node.pads[1][0]
    return rows if rows == columns else (rows, columns)
