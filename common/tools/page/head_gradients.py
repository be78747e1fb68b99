"""The gradient at each step of a network's first training step, with and without its heads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from common.files import weights
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.jobs.network_jobs import Grad
from common.spec.initial import initial_arrays
from common.spec.plan import Plan
from common.tools.page.phrases import texts
from common.tools.page.plots import gradient_plot


@dataclass(frozen=True)
class StepGradient:
    """The norms of the gradient for all parameters of a step, without and with the heads."""

    path: str
    without: float
    with_heads: float

    @property
    def ratio(self) -> float:
        """How many times as much the step gets with the heads."""
        return self.with_heads / self.without


@dataclass(frozen=True)
class HeadGradients:
    """The gradients of one training step from the network's own initial values."""

    framework: str
    images: int
    steps: tuple[StepGradient, ...]


def head_gradients(plan: Plan, x: NDArray, framework: str) -> HeadGradients:
    """Computes both gradients as `googlenet grad` does; labels are 0, 1, 2 and so on.

    `plan` has heads, and `x` is a batch N x C x H x W.
    """
    labels = np.arange(len(x)) % plan.network.classes
    with scratch_folder() as folder:
        weights_file = folder / "w.safetensors"
        weights.write(weights_file, initial_arrays(plan, seed=0), plan)
        np.save(folder / "x.npy", x)
        np.save(folder / "labels.npy", labels)
        both = [gradient(plan, folder, framework, aux) for aux in (False, True)]
    steps = [step.path for step in plan.body.children if step.parameter_count]
    found = (StepGradient(path, *(norm(each, path) for each in both)) for path in steps)
    return HeadGradients(framework, len(x), tuple(found))


def gradient(plan: Plan, folder: Path, framework: str, aux: bool) -> Mapping[str, NDArray]:
    """The gradient for each parameter."""
    job = Grad(
        framework=framework,
        network=plan.network.name,
        weights=str(folder / "w.safetensors"),
        input=str(folder / "x.npy"),
        labels=str(folder / "labels.npy"),
        aux=aux,
    )
    return call(job).arrays


def norm(gradients: Mapping[str, NDArray], step: str) -> float:
    """The norm of the gradient for all parameters of a step."""
    own: Sequence[NDArray] = [
        array.astype(np.float64) for name, array in gradients.items() if name.startswith(f"{step}.")
    ]
    return float(np.sqrt(sum((array**2).sum() for array in own)))


def gradient_plots(found: HeadGradients) -> list[Markup]:
    """The plot of both gradients, in each language."""
    names = zip(*map(texts, ("gradient_norm", "without_the_heads", "with_the_heads")), strict=True)
    paths = [step.path for step in found.steps]
    without = [step.without for step in found.steps]
    with_heads = [step.with_heads for step in found.steps]
    return [Markup(gradient_plot(paths, without, with_heads, each)) for each in names]
