"""Plan to Keras source: one case per word of the grammar, a function per kind of block."""

from pathlib import Path

from common import spec
from common.plan import Node, Plan
from common.source.blocks import Block, Place, runs
from common.source.layout import Call, applied, call, signature, statement
from common.source.module import (
    Sheet,
    arguments,
    doc_of,
    groups,
    map_text,
    put_together,
    step_names,
)
from common.windows import NO_PADS, slide

REGISTERED = "register_keras_serializable"
OWN = Path(__file__).parent / "own_layers.py"
MAIN = """if __name__ == "__main__":
    net = {name}()
    print(sum(math.prod(each.shape) for each in net.trainable_weights), "parameters")"""
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


def style(node: Node) -> object:
    """Whether a border must be laid on beforehand."""
    return hasattr(node.word, "padding") and padding(node) is None


def block_lines(sheet: Sheet, place: Place, block: Block) -> list[str]:
    """The function of a kind of block."""
    lines = body_lines(sheet, place)  # after which the arguments are known
    given = sorted(arguments(block.scope), key=lambda each: " = " in each)
    star = ["*"] if any(" = " in each for each in given) else []
    given = ["x: KerasTensor", *given, *star, "name: str"]
    first, said = signature(0, block.name, given, " -> KerasTensor:"), doc_of(sheet, block)[:1]
    return [*first, *said, *lines]


def steps(sheet: Sheet, place: Place, variable: str, name: str, x: str) -> list[str]:
    """The lines that compute one layer, a block or numbered steps into a variable."""
    if sheet.made(place) is None and isinstance(place.node.word, spec.Chain):
        return row(sheet, place, variable, name, x)
    lines = []
    for made in layer(sheet, place, name, x):
        lines += statement(1, f"{variable} = ", made)
        x = variable
    return [line.replace("(@)", f"({variable})") for line in lines]


def row(sheet: Sheet, place: Place, variable: str, name: str, x: str) -> list[str]:
    """Numbered steps, repeated ones in a loop."""
    children, lines = place.children(), []
    end = name[:-1] if name.startswith('f"') else f'f"{name[1:-1]}'
    made = [steps(sheet, child, variable, f'{end}_{{number}}"', variable) for child in children]
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
                own = f'{end}_{child.node.name}"'
                own = own if "{" in own else own[1:]
                lines += steps(sheet, child, variable, own, x)
                x = variable
    return lines


def network_lines(sheet: Sheet) -> list[str]:
    """The function of the network."""
    plan, places = sheet.plan, sheet.network_places()
    asked = [f"classes: int = {plan.network.classes}"] if plan.network.classes else []
    lines = signature(0, sheet.function_name, asked, " -> keras.Model:")
    channels, rows, columns = plan.network.input
    lines.append(f"    inputs = x = keras.Input(({rows}, {columns}, {channels}))")
    taps = {head.after for name, head in plan.network.heads.items() if name in plan.heads}
    body = places[: len(plan.body.children)]
    names = [place.node.path for place in body]
    texts = ["\n".join(steps(sheet, p, "x", "_", "x")) + str(p.node.path in taps) for p in body]
    for first, times in groups(names, texts):
        run, tapped = names[first : first + times], taps & set(names[first : first + times])
        loop = None if tapped else step_names(run)
        if loop:
            lines.append(f"    for {loop[0]} in {loop[1]}:  # {map_text(body[first].node)}")
            lines += [f"    {line}" for line in steps(sheet, body[first], "x", loop[2], "x")]
            continue
        for place in body[first : first + times]:
            made = steps(sheet, place, "x", f'"{place.node.path}"', "x")
            comment = map_text(place.node)
            if comment and len(made[-1]) + len(comment) + 4 <= 100:
                made[-1] += f"  # {comment}"
            lines += made
            if place.node.path in taps:
                lines.append(f"    {variable(place.node.path)} = x")
    if not plan.heads:
        return [*lines, f'    return keras.Model(inputs, x, name="{plan.network.name}")']
    for place in places[len(body) :]:
        path = place.node.path
        after = variable(plan.network.heads[path].after)
        lines += steps(sheet, place, variable(path), f'"{path}"', after)
    outputs = ", ".join(f'"{name}": {variable(name)}' for name in plan.heads)
    lines.append(f'    outputs = {{"logits": x, {outputs}}}')
    return [*lines, f'    return NetworkWithHeads(inputs, outputs, name="{plan.network.name}")']


def variable(path: str) -> str:
    """A step's or head's output as a variable, which no function is called."""
    return f"{path.lower()}_output"


def layer(sheet: Sheet, place: Place, name: str, x: str) -> list[Call]:
    """The calls that compute one layer, or a block, one after another."""
    made = sheet.made(place, x, name=name)
    if made:
        return [made]
    node = place.node
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
            return [applied(x, "Affine", scale, shift, name=name)]
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


def unless(said: bool) -> str | None:
    """What is said of an option that is true where nothing is said."""
    return None if said else "False"


def body_lines(sheet: Sheet, place: Place) -> list[str]:
    """What the function of a kind of block computes."""
    word, lines = place.node.word, []
    for child in place.children():
        variable = "x" if isinstance(word, spec.Chain) else child.node.name
        lines += steps(sheet, child, variable, f'f"{{name}}_{child.node.name}"', "x")
    match word:
        case spec.Chain():
            return [*lines[:-1], lines[-1].replace("x = ", "return ", 1)]
        case spec.Concat(branches):
            end = f"layers.Concatenate(name=name)([{', '.join(branches)}])"
        case spec.Residual(scale=scale, shortcut=shortcut):
            if scale != 1:
                lines.append(f"    branch = Affine(({scale},), (0.0,))(branch)")
            end = f"layers.Add(name=name)([branch, {'shortcut' if shortcut else 'x'}])"
    return [*lines, f"    return {end}"]


def window(
    place: Place, kind: str, given: tuple, name: str, x: str, **options: object
) -> list[Call]:
    """A layer with a window; where Keras cannot say its border, that is laid on beforehand."""
    node, before = place.node, []
    stride = place.say("stride", lambda n: n.word.stride)
    said = place.say("padding", lambda n: padding(n) or "valid")
    if padding(node) is None:
        before, x = [laid_on(place, x)], "@"
    if "Pooling" in kind:
        given = (*given, stride)
    else:
        options["strides"] = stride if stride != "1" else None
    options["padding"] = said.replace("'", '"') if said != "'valid'" else None
    return [*before, applied(x, f"layers.{kind}", *given, **options, name=name)]


def laid_on(place: Place, x: str) -> Call:
    """A border around a map: zeros, or for a max pool what never wins."""
    pads = place.say("pads", lambda n: n.pads)
    if not isinstance(place.node.word, spec.MaxPool):
        return applied(x, "layers.ZeroPadding2D", pads)
    sides = pads[1:-1] if pads.startswith("(") else f"*{pads}"
    return call("ops.pad", x, f"((0, 0), {sides}, (0, 0))", constant_values="-math.inf")


def padding(node: Node) -> str | None:
    """Keras' word for the border, if it has one."""
    word = node.word
    if node.pads == NO_PADS:
        return "valid"
    counts = isinstance(word, spec.AvgPool) and word.counts_border
    same = slide(node.path, node.input, word.kernel, word.stride, spec.Rule.SAME)[1]
    return "same" if node.pads == same and not counts else None
