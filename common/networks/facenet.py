"""What FaceNet (F. Schroff et al., 2015, arXiv:1503.03832) changes in Inception-ResNet v1.

After facenet-pytorch, whose weights are those of davidsandberg/facenet.
"""

from dataclasses import replace

from common.networks.blocks import NORM
from common.spec import Chain, Conv, Dropout, L2Norm, Linear, Residual, Word


def biased_projections(_: str, word: Word) -> Word:
    """v1's projections as v2's published code has them."""
    match word:
        case Chain({"branches": branches, "conv2d": Conv() as conv2d, "bn": _}):
            return Chain({"branches": branches, "conv2d": replace(conv2d, bias=True)})
    return word


def whole_block8(path: str, word: Word) -> Word:
    """One block more at the end, neither scaled nor cut off at 0, as v2's published code has it."""
    match word:
        case Chain({"4": Chain({"residual": Residual() as last}), **rest}) if path == "block8":
            steps = {**rest, "4": word.steps["4"]}
            return Chain(steps | {"5": Chain({"residual": replace(last, scale=1.0)})})
    return word


def embedding(path: str, word: Word) -> Word:
    """512 numbers for a face: of length 1, or, in training, what classes are told by."""
    if path or not isinstance(word, Chain):
        return word
    steps = {n: step for n, step in word.steps.items() if n not in ("dropout", "classif")}
    steps |= {"dropout": Dropout(0.6), "last_linear": Linear(512, bias=False), "last_bn": NORM}
    classes = {"classif": word.steps["classif"]} if "classif" in word.steps else {}
    return Chain(steps | (classes or {"normalize": L2Norm()}))
