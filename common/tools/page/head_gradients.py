"""The gradient of each layer in a network's first training step, with and without its heads."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from common.files import weights
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.spec.initial import initial_arrays
from common.spec.plan import Plan
from common.tools.page.gradient_jobs import GradientNorms
from common.tools.page.phrases import texts
from common.tools.page.plots import gradient_plot

NOTABLE = 1.05  # the ratio from which a layer is named


@dataclass(frozen=True, kw_only=True)
class LayerGradient:
    """The norms of the gradient for all parameters of a layer, without and with the heads."""

    path: str
    without: float
    with_heads: float

    @property
    def ratio(self) -> float:
        """The factor by which the heads multiply the layer's gradient."""
        return self.with_heads / self.without


@dataclass(frozen=True)
class HeadGradients:
    """The gradients of one training step from the network's own initial values."""

    framework: str
    images: int
    layers: tuple[LayerGradient, ...]

    @property
    def most(self) -> LayerGradient:
        """The layer with the largest ratio."""
        return max(self.layers, key=lambda layer: layer.ratio)

    @property
    def percent(self) -> str:
        """By how much the heads change a layer's gradient at most, rounded up."""
        change = max(abs(layer.ratio - 1) for layer in self.layers)
        return f"{ceil(1000 * change) / 10:.1f}"

    @property
    def raised(self) -> bool:
        """Whether a layer gets notably more gradient with the heads."""
        return self.most.ratio >= NOTABLE

    @property
    def alike(self) -> bool:
        """Whether the heads change so little that both lines of the plot coincide."""
        return not self.raised and min(each.ratio for each in self.layers) > 1 / NOTABLE


def head_gradients(plan: Plan, x: NDArray, framework: str) -> HeadGradients:
    """Computes both gradients as `googlenet grad` does; labels are 0, 1, 2 and so on.

    `plan` has heads, and `x` is a batch N x C x H x W.
    """
    labels = np.arange(len(x)) % plan.spec.classes
    with scratch_folder() as folder:
        weights_file = folder / "w.safetensors"
        weights.write(weights_file, initial_arrays(plan, seed=0), plan)
        np.save(folder / "x.npy", x)
        np.save(folder / "labels.npy", labels)
        job = GradientNorms(
            framework=framework,
            network=plan.spec.name,
            weights=str(weights_file),
            input=str(folder / "x.npy"),
            labels=str(folder / "labels.npy"),
        )
        norms = call(job).arrays
    paths = [node.path for node in plan.body.children if node.parameter_count]
    layers = (
        LayerGradient(
            path=path,
            without=float(norms[f"without.{path}"]),
            with_heads=float(norms[f"with.{path}"]),
        )
        for path in paths
    )
    return HeadGradients(framework, len(x), tuple(layers))


def gradient_plots(gradients: HeadGradients) -> list[Markup]:
    """The plot of both gradients, in each language."""
    names = zip(*map(texts, ("gradient_norm", "without_the_heads", "with_the_heads")), strict=True)
    paths = [layer.path for layer in gradients.layers]
    without = [layer.without for layer in gradients.layers]
    with_heads = [layer.with_heads for layer in gradients.layers]
    return [Markup(gradient_plot(paths, without, with_heads, each)) for each in names]
