"""Builds a functional `keras.Model` from a plan, with one case per layer type.

Padding, eps and `keep` are read from the nodes, where they are resolved to numbers.
"""

import math

import keras
from keras import KerasTensor, layers, ops

from common import spec
from common.files.framework_axes import layer_name
from common.spec.padding import NO_PADS, Pads, slide
from common.spec.plan import Node, Plan
from tensorflow_impl.custom_layers import LRN, AdaptiveAvgPool, Affine, Dropout, MaxPool


@keras.saving.register_keras_serializable("tensorflow_impl")
class NetworkWithHeads(keras.Model):
    """A functional model that returns the heads' outputs only in training and in `evaluate`."""

    evaluating = False

    def call(self, inputs, training=None, mask=None):
        outputs = super().call(inputs, training=training, mask=mask)
        return outputs if training or self.evaluating else outputs["logits"]

    def test_step(self, data):
        # `compile` got a loss for every output, so `evaluate` needs all outputs as well.
        self.evaluating = True
        try:
            return super().test_step(data)
        finally:
            self.evaluating = False


def build(plan: Plan) -> keras.Model:
    """Builds the network of a plan; its layers are named after their paths, with "_" for ".".

    It maps a batch N x H x W x C to logits (N x classes) or, if `classes` is 0, to pooled features
    (N x channels); with heads, in training, to a dict of `logits` and one entry per head. Keras
    raises ValueError if the images do not have the size that the network was built for.
    """
    channels, rows, columns = plan.spec.input
    dtype = keras.config.dtype_policy().compute_dtype
    x = keras.Input((rows, columns, channels), dtype=dtype, name="input")
    layer_outputs: dict[str, KerasTensor] = {}
    outputs = {plan.spec.output: apply_body(plan, x, layer_outputs)}
    for name, head in plan.heads.items():
        outputs[name] = apply(head, layer_outputs[plan.spec.heads[name].after])
    kind = NetworkWithHeads if plan.heads else keras.Model
    model = kind(x, outputs if plan.heads else outputs[plan.spec.output], name=plan.spec.name)
    model.plan = plan
    return model


def apply_body(plan: Plan, x: KerasTensor, layer_outputs: dict[str, KerasTensor]) -> KerasTensor:
    """Applies the body and returns its output; adds the output of each layer to `layer_outputs`."""
    for node in plan.body.children:
        x = layer_outputs[node.path] = apply(node, x)
    return x


def apply(node: Node, x: KerasTensor) -> KerasTensor:
    """Applies a node, and the layers inside it, to `x`; returns the output."""
    name = layer_name(node.path)
    match node.layer:
        case spec.Conv(channels, kernel, stride, bias=bias):
            x, padding = border(node, x, 0.0)
            return layers.Conv2D(channels, kernel, stride, padding, use_bias=bias, name=name)(x)
        case spec.DepthwiseConv(kernel, stride, multiplier=multiplier):
            x, padding = border(node, x, 0.0)
            arguments = kernel, stride, padding, multiplier
            return layers.DepthwiseConv2D(*arguments, use_bias=False, name=name)(x)
        case spec.BatchNorm(scale=scale):
            options = {"epsilon": node.eps, "momentum": node.keep, "scale": scale}
            return layers.BatchNormalization(**options, name=name)(x)
        case spec.LRN(size, alpha, beta):
            return LRN(size, alpha, beta, name=name)(x)
        case spec.Affine(scale, shift):
            return Affine(scale, shift, name=name)(x)
        case spec.MaxPool(kernel, stride):
            x, padding = border(node, x, -math.inf)
            return MaxPool(kernel, stride, padding, name=name)(x)
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            x, padding = border(node, x, 0.0 if counts_border else None)
            return layers.AveragePooling2D(kernel, stride, padding, name=name)(x)
        case spec.AdaptiveAvgPool(size):
            return AdaptiveAvgPool(size, name=name)(x)
        case spec.GlobalAvgPool():
            return layers.GlobalAveragePooling2D(keepdims=True, name=name)(x)
        case spec.ReLU():
            return layers.ReLU(name=name)(x)
        case spec.Dropout(rate):
            return Dropout(rate, node.path, name=name)(x)
        case spec.Flatten():
            return flatten(x, name)
        case spec.Linear(features, bias):
            return layers.Dense(features, use_bias=bias, name=name)(x)
        case spec.L2Norm():
            return layers.UnitNormalization(name=name)(x)
    return apply_children(node, x)


def apply_children(node: Node, x: KerasTensor) -> KerasTensor:
    """Applies a layer that contains other layers to `x`; returns the output."""
    name = layer_name(node.path)
    match node.layer:
        case spec.Chain():
            for child in node.children:
                x = apply(child, x)
            return x
        case spec.Concat():
            branches = [apply(child, x) for child in node.children]
            return layers.Concatenate(name=name)(branches)
        case spec.Residual(scale=scale):
            branch, *shortcut = [apply(child, x) for child in node.children]
            if scale != 1:
                branch = Affine((scale,), (0.0,), name=f"{name}_scale")(branch)
            return layers.Add(name=name)([branch, *(shortcut or [x])])
    raise TypeError(f"{node.path}: tensorflow_impl does not know {node.layer!r}")


def flatten(x: KerasTensor, name: str) -> KerasTensor:
    """Flattens a feature map in channel, row, column order; Keras keeps channels last."""
    x = layers.Permute((3, 1, 2), name=f"{name}_order")(x)
    return layers.Flatten(name=name)(x)


def border(node: Node, x: KerasTensor, value: float | None) -> tuple[KerasTensor, str]:
    """Returns `x`, padded where Keras cannot pad it as planned, and the layer's `padding`.

    `value` fills the padding; None means that an average pool leaves the padding out of its means,
    which Keras only supports for "same".
    """
    counts = isinstance(node.layer, spec.AvgPool) and value is not None
    if node.pads == NO_PADS:
        return x, "valid"
    if node.pads == same(node) and not counts:
        return x, "same"
    name = layer_name(node.path) + "_pad"
    if value == 0:
        return layers.ZeroPadding2D(node.pads, name=name)(x), "valid"
    if value == -math.inf:
        return ops.pad(x, ((0, 0), *node.pads, (0, 0)), constant_values=value), "valid"
    raise TypeError(f"{node.path}: tensorflow_impl cannot average with padding {node.pads}")


def same(node: Node) -> Pads:
    """The padding that Keras' "same" would add here."""
    kernel, stride = node.layer.kernel, node.layer.stride
    return slide(node.path, node.input, kernel, stride, spec.PaddingRule.SAME)[1]
