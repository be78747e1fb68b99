"""The names by which the published code of a network calls its layers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile

from common.spec import Concat
from common.spec.plan import Node, Plan
from common.tools.zoo.formats import FORMATS, NATIVE
from common.tools.zoo.renaming import MIXED_V3

Parts = tuple[str, ...]  # of a name, which dots or slashes separate
# keras.applications' names of blocks, which its checkpoints do not have.
KERAS = {
    "inception_v3.keras": {f"mixed{number}": path for number, path in enumerate(MIXED_V3)},
    "inception_resnet_v2.keras": {
        f"{name}_{number}{end}": f"{name}.{number - 1}{inside}"
        for name, count in (("block35", 10), ("block17", 20), ("block8", 10))
        for number in range(1, count + 1)
        for end, inside in (("", ".residual"), ("_ac", ""))
        if (name, number, end) != ("block8", 10, "_ac")  # the last block has no ReLU
    },
}


def published_layers(plan: Plan) -> dict[str, str]:
    """The path here of each layer with weights, by the layer's published names.

    They are the common beginnings of the names of its arrays in the formats in which the network is
    published. TF-Slim's are also given without their scope (`Mixed_5b`), and Caffe's blocks by the
    name of their output (`inception_3a/output`).
    """
    paths: dict[str, str] = {}
    for format in FORMATS:
        if format in NATIVE or format.kind == "hdf5" or not format.fits(plan.spec.name):
            continue
        names = format.names(plan)
        scope = common_parts([split(name)[:-1] for name in names.values()])
        for node, parts in layers_with_parts(plan, names):
            own = parts[len(scope) :]
            separator = "." if format.kind in ("torch", "pickle") else "/"
            for each in (parts, own):
                paths.setdefault(separator.join(each), node.path)
            if format.kind == "caffe" and isinstance(node.layer, Concat):
                paths.setdefault("/".join((*own, "output")), node.path)
    paths |= KERAS.get(plan.spec.name, {})
    return {name: path for name, path in paths.items() if name}


def layers_with_parts(plan: Plan, names: dict[str, str]) -> Iterator[tuple[Node, Parts]]:
    """Yields each layer, outer ones first, whose arrays alone have names with one beginning."""
    inside: dict[str, list[Parts]] = {}
    beginnings: Counter[Parts] = Counter()
    for ours, name in names.items():
        path, parts = ours.split("."), split(name)
        beginnings.update(parts[:end] for end in range(1, len(parts)))
        for end in range(1, len(path)):
            inside.setdefault(".".join(path[:end]), []).append(parts[:-1])
    for node in plan.nodes():
        own = inside.get(node.path, [])
        common = common_parts(own)
        # timm's `rep` is the branch of a block, without the sum.
        is_branch = common[-1:] != ("rep",) or node.name == "branch"
        if common and beginnings[common] == len(own) and is_branch:
            yield node, common


def common_parts(every: Sequence[Parts]) -> Parts:
    """The parts with which all of these names begin."""
    shared = zip(*every, strict=False)
    return tuple(each[0] for each in takewhile(lambda each: len(set(each)) == 1, shared))


def split(name: str) -> Parts:
    """The parts of a name."""
    return tuple(re.split(r"[./]", name))
