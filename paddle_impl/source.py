"""Generates Paddle source from a plan: one case per layer type, one class per kind of block."""

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
    print(sum(p.size for p in {name}().parameters() if p.trainable), "parameters")"""
MAIN_UNSCALED = """if __name__ == "__main__":
    learned = [p for p in {name}().parameters() if p.optimize_attr["learning_rate"]]
    print(sum(p.size for p in learned if p.trainable), "parameters")"""
UNSCALED = """def unscaled(channels: int, epsilon: float, momentum: float) -> nn.BatchNorm2D:
    # Without a weight Paddle gives the bias no gradient: use one that is never trained.
    weight = paddle.ParamAttr(learning_rate=0.0, need_clip=False)
    return nn.BatchNorm2D(channels, epsilon=epsilon, momentum=momentum, weight_attr=weight)"""
NUMBERED = """def numbered(*layers: nn.Layer) -> nn.Sequential:
    chain = nn.Sequential()
    for number, layer in enumerate(layers, 1):
        chain.add_sublayer(str(number), layer)
    return chain"""
HELPERS = {"numbered": NUMBERED, "unscaled": UNSCALED}


def source(plan: Plan) -> Printed:
    """The network as a single file of plain Paddle code."""
    sheet = Sheet(plan)
    idiom = Idiom(module="nn.Layer", add="add_sublayer", layer=layer, parent=parent)
    scaled = all(getattr(node.layer, "scale", True) for node in plan.nodes())
    main = MAIN if scaled else MAIN_UNSCALED
    blocks, net = classes(sheet, idiom), network_class(sheet, idiom)
    return put_together(
        plan, "Paddle", OWN, blocks, net, [main.format(name=sheet.network_name)], HELPERS
    )


def layer(sheet: Sheet, place: Place) -> Expression:
    """The expression that creates one layer or block."""
    node, block = place.node, sheet.block_call(place)
    if block:
        return block
    match node.layer:
        case spec.Conv(bias=bias):
            return conv(place, bias_attr=None if bias else "False")
        case spec.DepthwiseConv():
            return conv(place, groups=place.inputs, bias_attr="False")
        case spec.BatchNorm(eps, keep, scale):
            return call(norm(node, scale), place.inputs, epsilon=eps, momentum=keep)
        case spec.LRN(size, alpha, beta):
            return call("LRN", size, alpha, beta)
        case spec.Affine(scale, shift):
            return call("Affine", scale, shift, maps=len(node.input) == 3)
        case spec.MaxPool(kernel, stride):
            return call("nn.MaxPool2D", kernel, stride, padding=border(node))
        case spec.AvgPool(kernel, stride, counts_border=counts):
            return avg_pool(node, kernel, stride, counts)
        case spec.AdaptiveAvgPool(size):
            return call("AdaptiveAvgPool", node.input[1:], size)
        case spec.GlobalAvgPool():
            return call("GlobalAvgPool")
        case spec.ReLU():
            return call("nn.ReLU")
        case spec.Dropout(rate):
            return call("nn.Dropout", rate)
        case spec.Flatten():
            return call("nn.Flatten")
        case spec.Linear(bias=bias):
            return call(
                "nn.Linear", place.inputs, place.outputs, bias_attr=None if bias else "False"
            )
        case spec.L2Norm():
            return call("L2Norm")
    if isinstance(node.layer, spec.Chain | spec.Residual):
        return in_place(sheet, place, layer)
    raise TypeError(f"{node.path}: paddle_impl cannot print {node.layer!r}")


def norm(node: Node, scale: bool) -> str:
    """The batch norm to use: for maps, for vectors, or without a scale."""
    kind = "nn.BatchNorm2D" if len(node.input) == 3 else "nn.BatchNorm1D"
    return kind if scale else "unscaled"


def parent(node: Node) -> tuple[str, str]:
    """The base class for a kind of block, and the arguments of its constructor."""
    match node.layer:
        case spec.Chain():
            return "nn.Sequential", ""
        case spec.Concat():
            return "Concat", ""
        case spec.Residual(scale=scale):
            return "Residual", "" if scale == 1 else str(scale)
    raise TypeError(f"{node.path}: paddle_impl cannot print {node.layer!r}")


def conv(place: Place, **options: str | None) -> Call:
    """The call that creates a convolution; `custom_layers.Conv2D` would only be faster."""
    given = place.inputs, place.outputs, place.value("kernel", lambda n: n.layer.kernel)
    stride = place.value("stride", lambda n: n.layer.stride)
    return call("nn.Conv2D", *given, *moves(stride, padding(place, border)), **options)


def avg_pool(node: Node, kernel: spec.Size, stride: spec.Size, counts_border: bool) -> Call:
    """The call that creates an average pool, the one in `custom_layers`."""
    exclusive = "False" if counts_border else None
    padding = border(node)
    return call("AvgPool", spec.pair(kernel), stride, padding=padding, exclusive=exclusive)


def border(node: Node) -> int | tuple[int, ...]:
    """The padding in its shortest form: one number, (rows, columns), or all four sides."""
    (top, bottom), (left, right) = node.pads
    if (top, left) != (bottom, right):
        return top, bottom, left, right
    return top if top == left else (top, left)
