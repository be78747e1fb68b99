"""Shows trained weights: the first layer's kernels, the classes and their activation maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common import spec
from common.reference.layers import Array
from common.reference.numerics import softmax
from common.spec.plan import Node, Plan
from common.tools.analysis.compare import Comparison
from common.tools.page.maps import Drawn, draw_map
from common.tools.page.photographs import as_uri
from common.tools.page.reference_pass import ReferencePass

SHOWN = 5  # classes of each image
MAPPED = 3  # classes whose activation map is shown
ACROSS = 16  # kernels


@dataclass(frozen=True)
class Weights:
    """The weights that a page shows: where they come from, and the names of their classes."""

    label: str
    names: Sequence[str]


@dataclass(frozen=True)
class ClassRow:
    """One class of an image, with its probability in the reference and in each framework."""

    name: str
    reference: float
    frameworks: dict[str, float]


@dataclass(frozen=True)
class ActivationMap:
    """The contribution of each cell of the last feature map to a class's logit.

    The logit is the sum of the cells plus the bias: the average pool and the classifier are linear.
    """

    name: str
    cells: Array
    bias: float
    drawn: Drawn

    @property
    def logit(self) -> float:
        """The sum."""
        return float(self.cells.sum()) + self.bias


def trained_values(
    plan: Plan, comparison: Comparison, reference: ReferencePass, weights: Weights
) -> dict[str, object]:
    """The templates' variables for trained weights."""
    rows = [class_rows(comparison, weights, index) for index in range(len(comparison.images))]
    logits = reference.outputs[plan.spec.output][0] if plan.spec.classes else np.empty(0)
    order = np.argsort(-logits, kind="stable")[:MAPPED]
    maps = (activation_map(plan, reference, int(k), weights.names) for k in order)
    return {
        "trained": weights,
        "kernels": kernels(plan, reference),
        "predictions": list(zip(comparison.images, rows, strict=True)) if len(logits) else [],
        "activations": [each for each in maps if each],
    }


def class_rows(comparison: Comparison, weights: Weights, image: int) -> list[ClassRow]:
    """The most likely classes of one image, by the reference."""
    reference = softmax(comparison.logits)[image]
    frameworks = {
        name: softmax(result.logits.astype(np.float64))[image]
        for name, result in comparison.results.items()
        if result.report
    }
    order = np.argsort(-reference, kind="stable")[:SHOWN]
    return [
        ClassRow(
            weights.names[k],
            float(reference[k]),
            {name: float(values[k]) for name, values in frameworks.items()},
        )
        for k in order
    ]


def activation_map(
    plan: Plan, reference: ReferencePass, number: int, names: Sequence[str]
) -> ActivationMap | None:
    """The map of one class; None unless an average pool and one linear layer end the network."""
    ends = linear_end(plan)
    if ends is None:
        return None
    pool, linear = ends
    features = reference.inputs[pool.path][0]
    weight = reference.weights[f"{linear.path}.weight"][number]
    cells = np.tensordot(weight, features, axes=1) / features[0].size
    assert isinstance(linear.layer, spec.Linear)
    has_bias = linear.layer.bias
    bias = float(reference.weights[f"{linear.path}.bias"][number]) if has_bias else 0.0
    return ActivationMap(names[number], cells, bias, draw_map(cells))


def linear_end(plan: Plan) -> tuple[Node, Node] | None:
    """The global pool and the classifier, if nothing else is computed after the pool."""
    steps = list(plan.body.children)
    pools = [n for n in steps if isinstance(n.layer, spec.GlobalAvgPool)]
    if not pools:
        return None
    after = steps[steps.index(pools[-1]) + 1 :]
    computing = [n for n in after if not isinstance(n.layer, spec.Flatten | spec.Dropout)]
    if len(computing) != 1 or not isinstance(computing[0].layer, spec.Linear):
        return None
    return pools[-1], computing[0]


def kernels(plan: Plan, reference: ReferencePass) -> str:
    """The first convolution's kernels as one picture in a data URI; "" unless they see an image.

    Each kernel is scaled between its own least and largest weight.
    """
    first = next((n for n in plan.body.walk() if isinstance(n.layer, spec.Conv)), None)
    if first is None or first.input[0] not in (1, 3):
        return ""
    weight = reference.weights[f"{first.path}.weight"]
    if plan.spec.preprocess.order == "BGR":
        weight = weight[:, ::-1]
    return as_uri(Image.fromarray(mosaic(weight)), "PNG")


def mosaic(weight: Array) -> NDArray[np.uint8]:
    """Kernels (out, 1 or 3, rows, columns) in rows of `ACROSS`, one pixel apart, on white."""
    count, _, rows, columns = weight.shape
    down = -(-count // ACROSS)
    picture = np.full((down * (rows + 1), ACROSS * (columns + 1), 3), 255, np.uint8)
    for index, kernel in enumerate(weight):
        least, most = kernel.min(), kernel.max()
        scaled = (kernel - least) / ((most - least) or 1.0) * 255
        top, left = index // ACROSS * (rows + 1), index % ACROSS * (columns + 1)
        picture[top : top + rows, left : left + columns] = scaled.transpose(1, 2, 0).round()
    return picture
