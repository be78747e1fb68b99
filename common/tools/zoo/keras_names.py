"""The names of a network's arrays in Keras: the layer's name, then the array's index in it.

Our Keras layers are named after their paths. In keras.applications most layers are named by
counters (conv2d, conv2d_1, ...) in order of creation, which is the order of our plan.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import count

from common.arrays import Arrays
from common.files.framework_axes import Layout, own_arrays
from common.spec import BatchNorm, Conv, Linear
from common.spec.plan import Node, Plan

COUNTED = {Conv: "conv2d", BatchNorm: "batch_normalization"}
# These names in the files of all versions of Keras: convolution2d_1, conv2d_1, conv2d.
COUNTERS = r"(?P<kind>conv(?:olution)?2d|batch_?normalization)(?:_(?P<number>\d+))?/(?P<array>\d+)"
KINDS = {"c": "conv2d", "b": "batch_normalization"}


def published_names(plan: Plan) -> dict[str, str]:
    """The name of each array in keras.applications, whose networks have no heads."""
    counters = {layer: numbered(kind) for layer, kind in COUNTED.items()}
    names: dict[str, str] = {}
    for node in plan.body.walk():
        if node.parameters:
            theirs = published_name(node) or next(counters[type(node.layer)])
            # Keras has a separable convolution as one layer, with the pointwise kernel second.
            first = int(node.name == "pointwise")
            names |= {name: f"{theirs}/{n}" for n, name in enumerate(own_arrays(node), first)}
    return names


def numbered(kind: str) -> Iterator[str]:
    """The names that Keras gives to unnamed layers: conv2d, conv2d_1, conv2d_2."""
    return (f"{kind}_{number}" if number else kind for number in count())


def counted_anew(names: Iterable[str]) -> dict[str, str]:
    """Maps names with counters to the same names with counters that begin at 0.

    In a file they continue from the networks that the same program had built before.
    """
    counters = {name: match for name in names if (match := re.fullmatch(COUNTERS, name))}
    anew: dict[str, str] = {}
    for kind, wanted in KINDS.items():
        own = {name: match for name, match in counters.items() if match["kind"].startswith(kind)}
        numbers = sorted({int(match["number"] or 0) for match in own.values()})
        called = dict(zip(numbers, numbered(wanted), strict=False))
        for name, match in own.items():
            anew[name] = f"{called[int(match['number'] or 0)]}/{match['array']}"
    return anew


def published_name(node: Node) -> str | None:
    """The name of a node in keras.applications; None if it only has a counter."""
    if isinstance(node.layer, Linear):
        return "predictions"
    for pattern, name in NAMES:
        if match := re.fullmatch(pattern, node.path):
            return name(*match.groups())
    return None


def separable(block: str, index: str, norm: str) -> str:
    """The name of Xception's separable convolution or its batch norm at an index in our chain."""
    first = 0 if block == "1" else 1  # all but the first block begin with a ReLU
    number = (int(index) - first) // 3 + 1
    return f"block{int(block) + 1}_sepconv{number}{norm}"


def rename_classifier(arrays: Arrays, plan: Plan, layout: Layout, notes: list[str]) -> Arrays:
    """The arrays, with the only unknown linear layer as the classifier if that is missing.

    Fine-tuned networks have such names; `plan` is the network with one class.
    """
    names = layout.names(plan)
    classifier = names[f"{plan.spec.classifier}.weight"].rpartition("/")[0]
    known = {name.rpartition("/")[0] for name in names.values()}
    own = {name.rpartition("/")[0] for name in arrays}
    features = plan.find(plan.spec.classifier).input[0]
    linear = [
        layer
        for layer in sorted(own - known)
        if {f"{layer}/0", f"{layer}/1"} <= arrays.keys()
        and arrays[f"{layer}/0"].shape[:-1] == (features,)
    ]
    if classifier in own or len(linear) != 1:
        return arrays
    notes.append(f"its classifier is called {linear[0]!r}")
    renamed = {f"{linear[0]}/{number}": f"{classifier}/{number}" for number in (0, 1)}
    return {renamed.get(name, name): array for name, array in arrays.items()}


NAMES = (
    # Inception-ResNet v2: the projections, and the last convolution.
    (r"(block\d+)\.(\d+)\.residual\.branch\.conv2d", lambda b, n: f"{b}_{int(n) + 1}_conv"),
    (r"conv2d_7b\.conv", lambda: "conv_7b"),
    (r"conv2d_7b\.bn", lambda: "conv_7b_bn"),
    # Xception: all except the shortcuts; in Keras the first two convolutions count as a block.
    (r"conv([12])\.conv", lambda n: f"block1_conv{n}"),
    (r"conv([12])\.bn", lambda n: f"block1_conv{n}_bn"),
    (r"block(\d+)\.branch\.(\d+)\.(?:depthwise|pointwise)", lambda b, n: separable(b, n, "")),
    (r"block(\d+)\.branch\.(\d+)", lambda b, n: separable(b, n, "_bn")),
    (r"conv([34])\.(?:depthwise|pointwise)", lambda n: f"block14_sepconv{int(n) - 2}"),
    (r"conv([34])\.bn", lambda n: f"block14_sepconv{int(n) - 2}_bn"),
)
