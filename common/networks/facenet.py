"""Overrides that turn Inception-ResNet v1 into the face-recognition network of facenet-pytorch.

Its weights are those of davidsandberg/facenet, which is named after the FaceNet of F. Schroff et
al., 2015 (arXiv:1503.03832); that paper uses other networks.
"""

from dataclasses import replace

from common.networks.blocks import NORM
from common.spec import Chain, Conv, Dropout, L2Norm, Layer, Linear, Residual


def biased_projections(_: str, layer: Layer) -> Layer:
    """Gives the projections of v1 a bias instead of batch norm, as in the published code of v2."""
    match layer:
        case Chain({"branches": branches, "conv2d": Conv() as conv2d, "bn": _}):
            layers = {"branches": branches, "conv2d": replace(conv2d, bias=True)}
            return replace(layer, layers=layers)
    return layer


def whole_block8(path: str, layer: Layer) -> Layer:
    """Adds a sixth block8, without scaling or ReLU, as the last one in the published code of v2."""
    match layer:
        case Chain({"4": Chain({"residual": Residual() as residual}) as last}) if path == "block8":
            extra = replace(last, layers={"residual": replace(residual, scale=1.0)})
            return Chain({**layer.layers, "5": extra})
    return layer


def embedding(path: str, layer: Layer) -> Layer:
    """Puts an embedding of the face, a vector of 512 numbers, before the classifier.

    The classifier is only used in training. Without it (0 classes), the network outputs the
    embedding, normalised to length 1.
    """
    if path or not isinstance(layer, Chain):
        return layer
    layers = {n: each for n, each in layer.layers.items() if n not in ("dropout", "classif")}
    layers |= {"dropout": Dropout(0.6), "last_linear": Linear(512, bias=False), "last_bn": NORM}
    classes = {"classif": layer.layers["classif"]} if "classif" in layer.layers else {}
    return Chain(layers | (classes or {"normalize": L2Norm()}))
