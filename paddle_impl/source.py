"""Plan to Paddle source: one case per word of the grammar, a class per kind of block."""

from pathlib import Path

from common import spec
from common.plan import Node, Plan
from common.source.blocks import Place
from common.source.classes import Idiom, classes, in_place, padding
from common.source.layout import Call, Expression, call, moves
from common.source.module import Sheet, put_together

OWN = Path(__file__).parent / "own_layers.py"
MAIN = """if __name__ == "__main__":
    print(sum(p.size for p in {name}().parameters() if p.trainable), "parameters")"""
MAIN_UNSCALED = """if __name__ == "__main__":
    learned = [p for p in {name}().parameters() if p.optimize_attr["learning_rate"]]
    print(sum(p.size for p in learned if p.trainable), "parameters")"""
UNSCALED = """def unscaled(channels: int, epsilon: float, momentum: float) -> nn.BatchNorm2D:
    # Without a weight Paddle gives the bias no gradient: one that never learns stands in.
    weight = paddle.ParamAttr(learning_rate=0.0, need_clip=False)
    return nn.BatchNorm2D(channels, epsilon=epsilon, momentum=momentum, weight_attr=weight)"""
NUMBERED = """def numbered(*steps: nn.Layer) -> nn.Sequential:
    chain = nn.Sequential()
    for number, step in enumerate(steps, 1):
        chain.add_sublayer(str(number), step)
    return chain"""


def source(plan: Plan) -> str:
    """The network as one file of plain Paddle."""
    sheet = Sheet(plan)
    idiom = Idiom("nn.Layer", "add_sublayer", layer, parent)
    scaled = all(getattr(node.word, "scale", True) for node in plan.nodes())
    main = MAIN if scaled else MAIN_UNSCALED
    parts = [*classes(sheet, idiom), [main.format(name=sheet.network_name)]]
    return put_together(plan, "Paddle", OWN, parts, {"numbered": NUMBERED, "unscaled": UNSCALED})


def layer(sheet: Sheet, place: Place) -> Expression:
    """What makes one layer, or a block."""
    node, made = place.node, sheet.made(place)
    if made:
        return made
    match node.word:
        case spec.Conv(bias=bias):
            return conv(place, bias)
        case spec.DepthwiseConv():
            return conv(place, bias=False, groups=place.inputs)
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
    if isinstance(node.word, spec.Chain | spec.Residual):
        return in_place(sheet, place, layer)
    raise TypeError(f"{node.path}: paddle_impl cannot print {node.word!r}")


def norm(node: Node, scale: bool) -> str:
    """The kind of batch norm, of maps or of vectors."""
    kind = "nn.BatchNorm2D" if len(node.input) == 3 else "nn.BatchNorm1D"
    return kind if scale else "unscaled"


def parent(node: Node) -> tuple[str, str]:
    """The class that a kind of block is derived from, and what that is given."""
    match node.word:
        case spec.Chain():
            return "nn.Sequential", ""
        case spec.Concat():
            return "Concat", ""
        case spec.Residual(scale=scale):
            return "Residual", "" if scale == 1 else str(scale)
    raise TypeError(f"{node.path}: paddle_impl cannot print {node.word!r}")


def conv(place: Place, bias: bool = True, groups: str | None = None) -> Call:
    """A convolution; the own layer with a bias only computes the same faster."""
    given = place.inputs, place.outputs, place.say("kernel", lambda n: n.word.kernel)
    stride = place.say("stride", lambda n: n.word.stride)
    options = {"groups": groups, "bias_attr": None if bias else "False"}
    return call("nn.Conv2D", *given, *moves(stride, padding(place, border)), **options)


def avg_pool(node: Node, kernel: spec.Size, stride: spec.Size, counts_border: bool) -> Call:
    """An average pool, that of own layers."""
    exclusive = "False" if counts_border else None
    padding = border(node)
    return call("AvgPool", spec.pair(kernel), stride, padding=padding, exclusive=exclusive)


def border(node: Node) -> int | tuple[int, ...]:
    """The border in the shortest form: one number, (rows, columns), or all four sides."""
    (top, bottom), (left, right) = node.pads
    if (top, left) != (bottom, right):
        return top, bottom, left, right
    return top if top == left else (top, left)
