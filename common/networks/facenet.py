"""How FaceNet (F. Schroff et al., 2015, arXiv:1503.03832) differs from Inception-ResNet v1.

Based on facenet-pytorch, whose weights are those of davidsandberg/facenet.
"""

from dataclasses import replace

from common.networks.blocks import NORM
from common.spec import Chain, Conv, Dropout, L2Norm, Layer, Linear, Residual


def biased_projections(_: str, layer: Layer) -> Layer:
    """Gives v1's projections a bias and no batch norm, as in v2's published code."""
    match layer:
        case Chain({"branches": branches, "conv2d": Conv() as conv2d, "bn": _}):
            steps = {"branches": branches, "conv2d": replace(conv2d, bias=True)}
            return replace(layer, steps=steps)
    return layer


def whole_block8(path: str, layer: Layer) -> Layer:
    """Adds a last block without scaling or ReLU, as in v2's published code."""
    match layer:
        case Chain({"4": Chain({"residual": Residual() as residual}) as last}) if path == "block8":
            extra = replace(last, steps={"residual": replace(residual, scale=1.0)})
            return Chain({**layer.steps, "5": extra})
    return layer


def embedding(path: str, layer: Layer) -> Layer:
    """Adds a 512-dimensional face embedding before the classifier that is used in training.

    Without a classifier, the embedding is normalised to length 1.
    """
    if path or not isinstance(layer, Chain):
        return layer
    steps = {n: step for n, step in layer.steps.items() if n not in ("dropout", "classif")}
    steps |= {"dropout": Dropout(0.6), "last_linear": Linear(512, bias=False), "last_bn": NORM}
    classes = {"classif": layer.steps["classif"]} if "classif" in layer.steps else {}
    return Chain(steps | (classes or {"normalize": L2Norm()}))
