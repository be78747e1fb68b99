"""The models of keras.applications, and which of their layers is which of ours.

Most of their layers are named by counters in the order of creation, which is our plan's order.
"""

import re
from collections.abc import Iterator

import keras

from common.shapes import Layer, Plan
from common.spec import BatchNorm, Conv, DepthwiseConv, Linear

APPLICATIONS = {
    "inception_v3.keras": keras.applications.InceptionV3,
    "inception_resnet_v2.keras": keras.applications.InceptionResNetV2,
    "xception": keras.applications.Xception,
}
VARIABLES = {
    "weight": ("kernel", "gamma"),
    "bias": ("bias", "beta"),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
}


def published_variables(net: keras.Model, plan: Plan) -> dict[str, keras.Variable]:
    """The variable that holds each of our arrays; heads have none."""
    counted = {Conv: in_order(net, "conv2d"), BatchNorm: in_order(net, "batch_normalization")}
    found = {}
    for layer in plan.body.walk():
        if layer.parameters:
            name = published_name(layer)
            theirs = net.get_layer(name) if name else next(counted[type(layer.word)])
            for kind, _ in (*layer.parameters, *layer.statistics):
                found[f"{layer.path}.{kind}"] = variable(theirs, layer, kind)
    return found


def in_order(net: keras.Model, kind: str) -> Iterator[keras.Layer]:
    """The layers that bear a counter for a name, in its order."""
    counters = {layer: re.fullmatch(rf"{kind}(?:_(\d+))?", layer.name) for layer in net.layers}
    numbered = [(int(match[1] or 0), layer) for layer, match in counters.items() if match]
    return iter(layer for _, layer in sorted(numbered, key=lambda pair: pair[0]))


def published_name(layer: Layer) -> str | None:
    """The name of the layer there that is ours; None where it has but a counter."""
    if isinstance(layer.word, Linear):
        return "predictions"
    for pattern, name in NAMES:
        if match := re.fullmatch(pattern, layer.path):
            return name(*match.groups())
    return None


def separable(block: str, place: str, norm: str) -> str:
    """A separable convolution of Xception's block, or its norm, by its place in our chain."""
    first = 0 if block == "1" else 1  # all but the first block begin with a ReLU
    number = (int(place) - first) // 3 + 1
    return f"block{int(block) + 1}_sepconv{number}{norm}"


NAMES = (
    # Inception-ResNet v2: the projections, and the last convolution.
    (r"(block\d+)\.(\d+)\.residual\.branch\.conv2d", lambda b, n: f"{b}_{int(n) + 1}_conv"),
    (r"conv2d_7b\.conv", lambda: "conv_7b"),
    (r"conv2d_7b\.bn", lambda: "conv_7b_bn"),
    # Xception: all but the shortcuts; its blocks there count the two first convolutions as one.
    (r"conv([12])\.conv", lambda n: f"block1_conv{n}"),
    (r"conv([12])\.bn", lambda n: f"block1_conv{n}_bn"),
    (r"block(\d+)\.branch\.(\d+)\.(?:depthwise|pointwise)", lambda b, n: separable(b, n, "")),
    (r"block(\d+)\.branch\.(\d+)", lambda b, n: separable(b, n, "_bn")),
    (r"conv([34])\.(?:depthwise|pointwise)", lambda n: f"block14_sepconv{int(n) - 2}"),
    (r"conv([34])\.bn", lambda n: f"block14_sepconv{int(n) - 2}_bn"),
)


def variable(theirs: keras.Layer, layer: Layer, kind: str) -> keras.Variable:
    """The variable of their layer that is an array of ours."""
    by_name = {each.name: each for each in theirs.weights}
    if isinstance(layer.word, DepthwiseConv):
        return by_name["depthwise_kernel"]
    names = ("pointwise_kernel", *VARIABLES[kind])
    return next(by_name[name] for name in names if name in by_name)
