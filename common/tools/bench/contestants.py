"""The contestants of a benchmark, and the workloads that they are timed on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from common.networks import network
from common.spec import NetworkSpec
from common.tools.bench.workload import Work
from common.tools.zoo.formats import KERAS_APPLICATIONS

OURS = ("plain", "tuned")


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A framework in one mode, `plain`, `tuned` or a baseline's name, computing in `precision`."""

    framework: str
    mode: str
    precision: str = "float32"

    @property
    def name(self) -> str:
        """The contestant's display name."""
        own = "" if self.precision == "float32" else f", {self.precision}"
        return f"{self.framework}, {self.mode}{own}"


@dataclass(frozen=True, kw_only=True)
class BaselineEntry:
    """A baseline: its name (`mode`), its framework, and the networks that it implements.

    `networks` is a regular expression. `format` is the checkpoint format that the baseline reads,
    if it is not ours, from a file that ends in `suffix`.
    """

    mode: str
    framework: str
    networks: str
    tasks: tuple[str, ...] = ("infer", "train")
    format: str = ""
    suffix: str = ".safetensors"


BASELINES = (
    BaselineEntry(mode="tutorial", framework="pytorch", networks="googlenet"),
    BaselineEntry(mode="tutorial", framework="tensorflow", networks="googlenet"),
    BaselineEntry(mode="tutorial", framework="paddle", networks="googlenet"),
    BaselineEntry(
        mode="keras.applications",
        framework="tensorflow",
        networks=KERAS_APPLICATIONS,
        format="keras",
        suffix=".weights.h5",
    ),
    BaselineEntry(
        mode="paddle.vision",
        framework="paddle",
        networks=r"(googlenet|inception_v3)\.paddle_vision",
        format="paddle_vision",
        suffix=".pdparams",
    ),
    BaselineEntry(mode="onnxruntime", framework="onnx", networks=r".*", tasks=("infer",)),
    BaselineEntry(mode="openvino", framework="onnx", networks=r".*", tasks=("infer",)),
)


def baselines_for(work: Work, frameworks: Sequence[str]) -> list[BaselineEntry]:
    """The baselines that can run the workload in one of the frameworks, or in ONNX."""
    return [
        baseline
        for baseline in BASELINES
        if baseline.framework in (*frameworks, "onnx")
        and work.task in baseline.tasks
        and re.fullmatch(baseline.networks, work.network)
    ]


def usual_works(name: str, quick: bool) -> list[Work]:
    """Inference with batches of 1 and 16 and training with 16, at the network's own size."""
    size = network(name).input[1]
    works = [
        Work(network=name, task="infer", batch=1, size=size),
        Work(network=name, task="infer", batch=16, size=size),
    ]
    return works[:1] if quick else [*works, Work(network=name, task="train", batch=16, size=size)]


def sweep_works(name: str) -> list[Work]:
    """Inference with batches of 1 to 32 at the network's own size, and of 8 at other sizes."""
    spec = network(name)
    own = spec.input[1]
    batches = [
        Work(network=name, task="infer", batch=batch, size=own) for batch in (1, 2, 4, 8, 16, 32)
    ]
    return batches + [
        Work(network=name, task="infer", batch=8, size=size) for size in other_sizes(spec)
    ]


def other_sizes(spec: NetworkSpec) -> list[int]:
    """Half to twice the network's own size, about a factor of 1.4 apart, without its own."""
    own = spec.input[1]
    return [round(own * factor) for factor in (0.5, 0.7, 1.4, 2.0)]
