"""Generates Keras source from a plan: one case per layer type, one function per kind of block."""

from dataclasses import replace
from pathlib import Path

from common import spec
from common.spec.padding import NO_PADS, Pads, slide
from common.spec.plan import Node, Plan
from common.tools.source.blocks import Place
from common.tools.source.expressions import Call, appended, applied, call, statement
from common.tools.source.functions import Idiom, functions, lines_for, network_function
from common.tools.source.module import Sheet, put_together
from common.tools.source.printed import Printed

REGISTERED = "register_keras_serializable"
OWN = Path(__file__).parent / "custom_layers.py"
MAIN = """if __name__ == "__main__":
    print(sum(np.prod(w.shape) for w in {name}().trainable_weights), "parameters")"""
LOADER = '''def load_weights(net: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Sets all weights from the arrays of a weights file of googlenet-family."""
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
    """Returns the logits; in training a dict of the logits and the heads' outputs."""

    def call(self, inputs, training=None, mask=None):
        outputs = super().call(inputs, training=training, mask=mask)
        return outputs if training else outputs["logits"]'''


def source(plan: Plan) -> Printed:
    """The network as a single file of plain Keras code."""
    sheet = Sheet(plan, style, function=True)
    blocks = functions(sheet, IDIOM)
    blocks |= {"NetworkWithHeads": [HEADS]} if plan.heads else {}
    kinds = [type(node.layer) for node in plan.nodes()]
    loader = LOADER.format(depthwise=DEPTHWISE if spec.DepthwiseConv in kinds else "")
    more = [loader, MAIN.format(name=sheet.function_name)]
    printed = put_together(plan, "Keras", OWN, blocks, network_function(sheet, IDIOM), more, {})
    # Registered without our package name, so that both can be imported in one program.
    text = printed.text.replace(f'{REGISTERED}("tensorflow_impl")', f"{REGISTERED}()")
    return replace(printed, text=text)


def style(node: Node, in_unit: bool) -> object:
    """Whether a layer has the padding that Keras calls "same", which depends on the input size.

    Layers inside a unit do not differ in it: a unit is padded by the layer before it.
    """
    return not in_unit and hasattr(node.layer, "padding") and is_same(node)


def layer(sheet: Sheet, place: Place, name: str, x: str) -> list[Call]:
    """The calls that compute one layer or block, in order."""
    node, block = place.node, sheet.block_call(place, x, name=name)
    if block:
        return [block]
    match node.layer:
        case spec.Conv(bias=bias):
            given = place.outputs, place.value("kernel", lambda n: n.layer.kernel)
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
            # The next layer expects channel, row, column order; Keras keeps channels last.
            order = [applied(x, "layers.Permute", "(3, 1, 2)")] if node.input[1:] != (1, 1) else []
            return [*order, applied("@" if order else x, "layers.Flatten", name=name)]
        case spec.Linear(bias=bias):
            return [applied(x, "layers.Dense", place.outputs, use_bias=unless(bias), name=name)]
        case spec.L2Norm():
            return [applied(x, "layers.UnitNormalization", name=name)]
    raise TypeError(f"{node.path}: tensorflow_impl cannot print {node.layer!r}")


def within(sheet: Sheet, place: Place, variable: str, name: str, x: str) -> list[str]:
    """The lines for named layers, branches or a residual."""
    layer, lines = place.node.layer, []
    into = {spec.Chain: variable, spec.Residual: "y"}.get(type(layer))
    for child in place.children():
        own = child.node.name if into is None or child.node.name == "shortcut" else into
        lines += lines_for(sheet, IDIOM, child, own, appended(name, child.node.name), x)
        x = variable if isinstance(layer, spec.Chain) else x
    match layer:
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
    raise TypeError(f"{place.node.path}: tensorflow_impl cannot print {layer!r}")


def unless(said: bool) -> str | None:
    """The argument for an option that is true by default; None leaves it out."""
    return None if said else "False"


def window(
    place: Place, kind: str, given: tuple, name: str, x: str, **options: object
) -> list[Call]:
    """The calls for a layer with a sliding window."""
    stride = place.value("stride", lambda n: n.layer.stride)
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
    """Keras' name for the padding; "valid" if it has none and is added by a layer in front."""
    if all(node.pads == NO_PADS for node in place.nodes):
        return repr("valid")
    return place.value("padding", lambda node: "same" if is_same(node) else "valid")


def is_same(node: Node) -> bool:
    """Whether the padding is what Keras calls "same"."""
    layer = node.layer
    counts = isinstance(layer, spec.AvgPool) and layer.counts_border and node.pads != NO_PADS
    same = slide(node.path, node.input, layer.kernel, layer.stride, spec.PaddingRule.SAME)[1]
    return node.pads == same and not counts


def laid_on(sheet: Sheet, node: Node, x: str) -> list[Call]:
    """The call that pads the input of a unit or a layer where Keras has no name for the padding."""
    first = node.children[0] if node.is_conv_unit else node
    owner = sheet.at.get(node.path.rpartition(".")[0])
    inside = owner and owner.nodes[0].is_conv_unit
    if inside or first.pads == NO_PADS or is_same(first):
        return []
    if isinstance(node.layer, spec.MaxPool):  # with a value that never wins
        around = ((0, 0), *first.pads, (0, 0))
        return [call("ops.pad", x, around, constant_values="-np.inf")]
    return [applied(x, "layers.ZeroPadding2D", shortest(first.pads))]


def shortest(pads: Pads) -> object:
    """The padding as one number, if it is the same on all sides."""
    return pads[0][0] if len({size for side in pads for size in side}) == 1 else pads


def rescaled(x: str, scale: tuple[float, ...], shift: tuple[float, ...], name: str) -> Call:
    """The call that scales and shifts by constants; a single number if all channels share it."""
    said = [each[0] if len(each) == 1 else each for each in (scale, shift)]
    return applied(x, "layers.Rescaling", said[0], offset=said[1] or None, name=name)


IDIOM = Idiom(layer, laid_on, within)
