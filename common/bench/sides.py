"""What is timed beside what: the sides of a benchmark, and the work that they do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from common.networks import network
from common.spec import NetworkSpec


@dataclass(frozen=True)
class Work:
    """What is done at once: `infer` or `train`, so many images of size x size."""

    network: str
    task: str
    batch: int
    size: int

    @property
    def text(self) -> str:
        """The work in words."""
        return f"{self.network}, {self.task}, batch {self.batch}, {self.size} x {self.size}"


@dataclass(frozen=True)
class Side:
    """Who does it: a framework, `plain`, `tuned` or by a peer's code, computing in `precision`."""

    framework: str
    mode: str
    precision: str = "float32"

    @property
    def name(self) -> str:
        """What a person calls it."""
        own = "" if self.precision == "float32" else f", {self.precision}"
        return f"{self.framework}, {self.mode}{own}"


@dataclass(frozen=True)
class PeerEntry:
    """A peer: whose it is, the networks that it has, and where its weights come from.

    `layout` names the layout of the peer's own weights file, which ends in `suffix`.
    """

    mode: str
    framework: str
    networks: str
    tasks: tuple[str, ...] = ("infer", "train")
    layout: str = ""
    suffix: str = ".safetensors"


BOTH = r"inception_v3\.keras|inception_resnet_v2\.keras|xception"
PEERS = (
    PeerEntry("tutorial", "pytorch", "googlenet"),
    PeerEntry("tutorial", "tensorflow", "googlenet"),
    PeerEntry("tutorial", "paddle", "googlenet"),
    PeerEntry("keras.applications", "tensorflow", BOTH, layout="keras", suffix=".weights.h5"),
    PeerEntry(
        "paddle.vision",
        "paddle",
        r"(googlenet|inception_v3)\.paddle_vision",
        layout="paddle_vision",
        suffix=".pdparams",
    ),
    PeerEntry("onnxruntime", "onnx", r".*", tasks=("infer",)),
    PeerEntry("openvino", "onnx", r".*", tasks=("infer",)),
)


def peers_for(work: Work, frameworks: Sequence[str]) -> list[PeerEntry]:
    """The peers that can do the work."""
    return [
        peer
        for peer in PEERS
        if peer.framework in (*frameworks, "onnx")
        and work.task in peer.tasks
        and re.fullmatch(peer.networks, work.network)
    ]


def usual_works(name: str, quick: bool) -> list[Work]:
    """Inference at batch 1 and 16 and training at 16, at the network's own size."""
    size = network(name).input[1]
    works = [Work(name, "infer", 1, size), Work(name, "infer", 16, size)]
    return works[:1] if quick else [*works, Work(name, "train", 16, size)]


def sweep_works(name: str) -> list[Work]:
    """Inference of 1 to 32 images at the network's own size, and of 8 at others."""
    made = network(name)
    own = made.input[1]
    batches = [Work(name, "infer", batch, own) for batch in (1, 2, 4, 8, 16, 32)]
    return batches + [Work(name, "infer", 8, size) for size in other_sizes(made)]


def other_sizes(made: NetworkSpec) -> list[int]:
    """Half to twice the network's own size, each about 1.4 times the one before."""
    own = made.input[1]
    return [round(own * factor) for factor in (0.5, 0.7, 1.4, 2.0)]
