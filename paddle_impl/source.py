"""Plan to Paddle source: one case per word of the grammar, a class per kind of block."""

from pathlib import Path

from common import spec
from common.plan import Node, Plan
from common.source.blocks import Block, Place, runs
from common.source.layout import Call, Expression, call, moves, signature, statement
from common.source.module import (
    Sheet,
    arguments,
    doc_of,
    groups,
    map_text,
    put_together,
    step_names,
)

OWN = Path(__file__).parent / "own_layers.py"
MAIN = """if __name__ == "__main__":
    parameters = [each for each in {name}().parameters() if not each.stop_gradient]
    print(sum(each.size for each in parameters), "parameters")"""
FORWARD = """    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        after, maps, heads = {after}, {{}}, {{}}
        for name, step in self.named_children():
            if name not in after:
                x = maps[name] = step(x)
            elif self.training:
                heads[name] = step(maps[after[name]])
        return {{"logits": x, **heads}} if self.training else x"""
UNSCALED = """def unscaled(channels: int, epsilon: float, momentum: float) -> nn.BatchNorm2D:
    # Without a weight Paddle gives the bias no gradient: one that never learns stands in.
    weight = paddle.ParamAttr(learning_rate=0.0, need_clip=False)
    return nn.BatchNorm2D(channels, epsilon=epsilon, momentum=momentum, weight_attr=weight)"""
NUMBERED = """def branch(*steps: nn.Layer) -> nn.Sequential:
    chain = nn.Sequential()
    for number, step in enumerate(steps, 1):
        chain.add_sublayer(str(number), step)
    return chain"""


def source(plan: Plan) -> str:
    """The network as one file of plain Paddle."""
    sheet = Sheet(plan, style)
    parts = [block_lines(sheet, sheet.place(block), block) for block in sheet.blocks]
    parts += [network_lines(sheet), MAIN.format(name=sheet.network_name).split("\n")]
    helpers = {"branch": NUMBERED, "unscaled": UNSCALED}
    return put_together(plan, "Paddle", OWN, parts, helpers)


def style(_: Node) -> object:
    """Paddle's own padding can say every border as a number or a list."""
    return None


def block_lines(sheet: Sheet, place: Place, block: Block) -> list[str]:
    """The class of a kind of block."""
    steps = [(child.node.name, layer(sheet, child)) for child in place.children()]
    base, first = parent(place.node)
    lines = [f"class {block.name}({base}):", *doc_of(sheet, block)]
    lines += signature(1, "__init__", ["self", *arguments(block.scope)], " -> None:")
    lines.append(f"        super().__init__({first})")
    for name, made in steps:
        lines += statement(2, f"self.{name} = ", made)
    return lines


def network_lines(sheet: Sheet) -> list[str]:
    """The class of the network."""
    plan, places = sheet.plan, sheet.network_places()
    made = [layer(sheet, place) for place in places]
    base = "nn.Layer" if plan.heads else "nn.Sequential"
    asked = [f"classes: int = {plan.network.classes}"] if plan.network.classes else []
    lines = [f"class {sheet.network_name}({base}):"]
    lines += signature(1, "__init__", ["self", *asked], " -> None:")
    lines.append("        super().__init__()")
    names = [place.node.path for place in places]
    for first, times in groups(names, [str(each) for each in made]):
        comment = map_text(places[first].node)
        loop = step_names(names[first : first + times])
        if loop:
            lines.append(f"        for {loop[0]} in {loop[1]}:  # {comment}")
            lines += statement(3, "", call("self.add_sublayer", loop[2], made[first]))
        else:
            lines += statement(2, f"self.{names[first]} = ", made[first], comment)
    if plan.heads:
        pairs = ", ".join(f'"{n}": "{plan.network.heads[n].after}"' for n in plan.heads)
        lines += ["", *FORWARD.format(after=f"{{{pairs}}}").split("\n")]
    return lines


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
    if isinstance(node.word, spec.Chain):
        return row(sheet, place, next(iter(node.word.steps)))
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
            return "Residual", str(scale)
    raise TypeError(f"{node.path}: paddle_impl cannot print {node.word!r}")


def row(sheet: Sheet, place: Place, first: str) -> Call:
    """Numbered steps, repeated ones in a loop."""
    made = [layer(sheet, child) for child in place.children()]
    given: list[Expression] = []
    for start, times in runs([str(each) for each in made]):
        each = f"*[{made[start]} for _ in range({times})]"
        given += [each] if times >= 3 else made[start : start + times]
    return call("branch" if first == "1" else "nn.Sequential", *given)


def conv(place: Place, bias: bool = True, groups: str | None = None) -> Call:
    """A convolution; the own layer with a bias only computes the same faster."""
    given = place.inputs, place.outputs, place.say("kernel", lambda n: n.word.kernel)
    stride = place.say("stride", lambda n: n.word.stride)
    padding, bias_attr = place.say("padding", border), None if bias else "False"
    options = {"groups": groups, "bias_attr": bias_attr}
    return call("nn.Conv2D", *given, *moves(stride, padding), **options)


def avg_pool(node: Node, kernel: spec.Size, stride: spec.Size, counts_border: bool) -> Call:
    """An average pool, that of own layers."""
    padded = any(map(max, node.pads))
    counted = "True" if padded and counts_border else None
    padding = sides(node) if padded else None
    return call("AvgPool", spec.pair(kernel), stride, padding=padding, counts_border=counted)


def border(node: Node) -> int | tuple[int, ...]:
    """The border in the shortest form: one number, (rows, columns), or all four sides."""
    (top, bottom), (left, right) = node.pads
    if (top, left) != (bottom, right):
        return sides(node)
    return top if top == left else (top, left)


def sides(node: Node) -> tuple[int, ...]:
    """The border above, below, to the left and right."""
    return tuple(size for both in node.pads for size in both)
