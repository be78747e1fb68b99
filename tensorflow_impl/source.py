"""Plan to Keras source: one case per word of the grammar, a function per kind of block."""

from pathlib import Path

from common import spec
from common.plan import Node, Plan
from common.source.blocks import Block, Place, runs
from common.source.layout import (
    Call,
    applied,
    call,
    commented,
    joined,
    returned,
    signature,
    statement,
)
from common.source.module import Sheet, arguments, doc_of, in_loops, map_text, put_together
from common.source.tables import small
from common.windows import NO_PADS, Pads, slide

REGISTERED = "register_keras_serializable"
OWN = Path(__file__).parent / "own_layers.py"
MAIN = """if __name__ == "__main__":
    print(sum(np.prod(w.shape) for w in {name}().trainable_weights), "parameters")"""
LOADER = '''def load_weights(net: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Sets all weights from arrays by name, those of a weights file of googlenet-family."""
    for layer in net.layers:
        own = [name for name in arrays if name.rpartition(".")[0].replace(".", "_") == layer.name]
        order = ("weight", "bias", "running_mean", "running_var")
        own.sort(key=lambda name: order.index(name.rpartition(".")[2]))
        axes = {{4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}}
        turned = [arrays[name].transpose(axes[arrays[name].ndim]) for name in own]{depthwise}
        layer.set_weights(turned)'''
DEPTHWISE = """
        if isinstance(layer, layers.DepthwiseConv2D):
            turned = [arrays[own[0]].reshape(-1, layer.depth_multiplier, *layer.kernel_size)]
            turned = [turned[0].transpose(2, 3, 0, 1)]"""
HEADS = '''class NetworkWithHeads(keras.Model):
    """Gives the logits, and in training a dict of them and what the heads say."""

    def call(self, inputs, training=None, mask=None):
        outputs = super().call(inputs, training=training, mask=mask)
        return outputs if training else outputs["logits"]'''


def source(plan: Plan) -> str:
    """The network as one file of plain Keras."""
    sheet = Sheet(plan, style, function=True)
    parts = [block_lines(sheet, sheet.place(block), block) for block in sheet.blocks]
    parts += [[HEADS]] if plan.heads else []
    words = [type(node.word) for node in plan.nodes()]
    loader = LOADER.format(depthwise=DEPTHWISE if spec.DepthwiseConv in words else "")
    parts += [network_lines(sheet), [loader], [MAIN.format(name=sheet.function_name)]]
    text = put_together(plan, "Keras", OWN, parts, {})
    # Registered as the user's own, so that both may be imported in one program.
    return text.replace(f'{REGISTERED}("tensorflow_impl")', f"{REGISTERED}()")


def style(node: Node, in_unit: bool) -> object:
    """Whether Keras has a word for a border, which depends on the map; a unit's is before it."""
    return not in_unit and hasattr(node.word, "padding") and is_same(node)


def block_lines(sheet: Sheet, place: Place, block: Block) -> list[str]:
    """The function of a kind of block."""
    lines = returned(within(sheet, place, "x", "name", "x"))
    given = arguments(block.scope)  # known once the lines are
    usual = [each for each in given if " = " in each]
    given = ["x: KerasTensor", *given[: len(given) - len(usual)], "name: str", *usual]
    said = doc_of(sheet, block)[:1]
    return [*signature(0, block.name, given, " -> KerasTensor:"), *said, *lines]


def steps(sheet: Sheet, place: Place, variable: str, name: str, x: str) -> list[str]:
    """The lines that compute one layer, a block or what stands within into a variable."""
    if sheet.made(place) is None and place.node.children:
        numbered = place.node.children[0].name.isdigit()
        return (row if numbered else within)(sheet, place, variable, name, x)
    border, lines = laid_on(sheet, place.node, x), []
    for made in [*border, *layer(sheet, place, name, variable if border else x)]:
        lines += statement(1, f"{variable} = ", made)
    return [line.replace("(@)", f"({variable})") for line in lines]


def row(sheet: Sheet, place: Place, variable: str, name: str, x: str) -> list[str]:
    """Numbered steps, repeated ones in a loop."""
    children, lines = place.children(), []
    each = joined(name, "{number}")
    made = [steps(sheet, child, variable, each, variable) for child in children]
    for first, times in runs(["\n".join(each) for each in made]):
        if times >= 3:
            start = f"{first}, {first + times}" if first else f"{times}"
            if variable != x:
                lines.append(f"    {variable} = {x}")
            lines.append(f"    for number in range({start}):")
            lines += [f"    {line}" for line in made[first]]
            x = variable
        else:
            for child in children[first : first + times]:
                lines += steps(sheet, child, variable, joined(name, child.node.name), x)
                x = variable
    return lines


def network_lines(sheet: Sheet) -> list[str]:
    """The function of the network."""
    plan, places = sheet.plan, sheet.network_places()
    lines = signature(0, sheet.function_name, sheet.asked, " -> keras.Model:")
    channels, rows, columns = plan.network.input
    lines.append(f"    inputs = x = keras.Input(({rows}, {columns}, {channels}))")
    heads = {name: f"{small(name)}_output" for name in plan.heads}  # called as no function is
    texts = ["\n".join(steps(sheet, place, "x", "_", "x")) for place in places]
    for place, loop in in_loops(places, texts):
        name, comment = place.node.path, map_text(place.node)
        if loop:
            lines.append(f"    for {loop[0]} in {loop[1]}:  # {comment}")
            lines += [f"    {line}" for line in steps(sheet, place, "x", loop[2], "x")]
        else:
            made = steps(sheet, place, heads.get(name, "x"), f'"{name}"', "x")
            lines += commented(made, comment)
    if not plan.heads:
        return [*lines, f'    return keras.Model(inputs, x, name="{plan.network.name}")']
    outputs = ", ".join(f'"{name}": {variable}' for name, variable in heads.items())
    lines.append(f'    outputs = {{"logits": x, {outputs}}}')
    return [*lines, f'    return NetworkWithHeads(inputs, outputs, name="{plan.network.name}")']


def layer(sheet: Sheet, place: Place, name: str, x: str) -> list[Call]:
    """The calls that compute one layer, or a block, one after another."""
    node, made = place.node, sheet.made(place, x, name=name)
    if made:
        return [made]
    match node.word:
        case spec.Conv(bias=bias):
            given = place.outputs, place.say("kernel", lambda n: n.word.kernel)
            return window(place, "Conv2D", given, name, x, use_bias=unless(bias))
        case spec.DepthwiseConv(kernel, multiplier=multiplier):
            more = {"depth_multiplier": multiplier if multiplier != 1 else None}
            return window(place, "DepthwiseConv2D", (kernel,), name, x, **more, use_bias="False")
        case spec.BatchNorm(eps, keep, scale):
            options = {"epsilon": eps, "momentum": keep, "scale": unless(scale)}
            return [applied(x, "layers.BatchNormalization", **options, name=name)]
        case spec.LRN(size, alpha, beta):
            return [applied(x, "LRN", size, alpha, beta, name=name)]
        case spec.Affine(scale, shift):
            return [rescaled(x, scale, shift, name)]
        case spec.MaxPool(kernel):
            return window(place, "MaxPooling2D", (kernel,), name, x)
        case spec.AvgPool(kernel):
            return window(place, "AveragePooling2D", (kernel,), name, x)
        case spec.AdaptiveAvgPool(size):
            return [applied(x, "AdaptiveAvgPool", size, name=name)]
        case spec.GlobalAvgPool():
            return [applied(x, "layers.GlobalAveragePooling2D", keepdims="True", name=name)]
        case spec.ReLU():
            return [applied(x, "layers.ReLU", name=name)]
        case spec.Dropout(rate):
            return [applied(x, "layers.Dropout", rate, name=name)]
        case spec.Flatten():
            # What follows expects channel, row, column order; Keras keeps channels last.
            order = [applied(x, "layers.Permute", "(3, 1, 2)")] if node.input[1:] != (1, 1) else []
            return [*order, applied("@" if order else x, "layers.Flatten", name=name)]
        case spec.Linear(bias=bias):
            return [applied(x, "layers.Dense", place.outputs, use_bias=unless(bias), name=name)]
        case spec.L2Norm():
            return [applied(x, "layers.UnitNormalization", name=name)]
    raise TypeError(f"{node.path}: tensorflow_impl cannot print {node.word!r}")


def within(sheet: Sheet, place: Place, variable: str, name: str, x: str) -> list[str]:
    """The lines of named steps, of branches or of a residual."""
    word, lines = place.node.word, []
    into = {spec.Chain: variable, spec.Residual: "y"}.get(type(word))
    for child in place.children():
        own = child.node.name if into is None or child.node.name == "shortcut" else into
        lines += steps(sheet, child, own, joined(name, child.node.name), x)
        x = variable if isinstance(word, spec.Chain) else x
    match word:
        case spec.Chain():
            return lines
        case spec.Concat(branches):
            joint = applied(f"[{', '.join(branches)}]", "layers.Concatenate", name=name)
            return [*lines, *statement(1, f"{variable} = ", joint)]
        case spec.Residual(scale=scale, shortcut=shortcut):
            if scale != 1:
                lines.append(f"    y = layers.Rescaling({scale})(y)")
            total = applied(f"[y, {'shortcut' if shortcut else x}]", "layers.Add", name=name)
            return [*lines, *statement(1, f"{variable} = ", total)]
    raise TypeError(f"{place.node.path}: tensorflow_impl cannot print {word!r}")


def unless(said: bool) -> str | None:
    """What is said of an option that is true where nothing is said."""
    return None if said else "False"


def window(
    place: Place, kind: str, given: tuple, name: str, x: str, **options: object
) -> list[Call]:
    """A layer with a window."""
    stride = place.say("stride", lambda n: n.word.stride)
    said = padding(place).replace("'", '"')
    if "Pooling" in kind:
        given, strides = (*given, stride), None
    elif (stride, said) == ("stride", "padding"):
        given, strides, said = (*given, stride, said), None, None
    else:
        strides = stride if stride != "1" else None
    options = {"strides": strides, "padding": said} | options
    return [applied(x, f"layers.{kind}", *given, **options, name=name)]


def padding(place: Place) -> str:
    """Keras' word for a border; where Keras has none, that is laid on beforehand."""
    if all(node.pads == NO_PADS for node in place.nodes):
        return repr("valid")
    return place.say("padding", lambda node: "same" if is_same(node) else "valid")


def is_same(node: Node) -> bool:
    """Whether the border is what Keras calls "same"."""
    word = node.word
    counts = isinstance(word, spec.AvgPool) and word.counts_border and node.pads != NO_PADS
    same = slide(node.path, node.input, word.kernel, word.stride, spec.Rule.SAME)[1]
    return node.pads == same and not counts


def laid_on(sheet: Sheet, node: Node, x: str) -> list[Call]:
    """The border that Keras has no word for, if there is one, before a unit or another layer."""
    first = node.children[0] if node.is_unit else node
    owner = sheet.at.get(node.path.rpartition(".")[0])
    inside = owner and owner.nodes[0].is_unit
    if inside or first.pads == NO_PADS or is_same(first):
        return []
    if isinstance(node.word, spec.MaxPool):  # with what never wins
        around = ((0, 0), *first.pads, (0, 0))
        return [call("ops.pad", x, around, constant_values="-np.inf")]
    return [applied(x, "layers.ZeroPadding2D", shortest(first.pads))]


def shortest(pads: Pads) -> object:
    """A border as one number, if it is the same all around."""
    return pads[0][0] if len({size for side in pads for size in side}) == 1 else pads


def rescaled(x: str, scale: tuple[float, ...], shift: tuple[float, ...], name: str) -> Call:
    """Each value times a constant plus a constant; one number where there is one for all."""
    said = [each[0] if len(each) == 1 else each for each in (scale, shift)]
    return applied(x, "layers.Rescaling", said[0], offset=said[1] or None, name=name)
