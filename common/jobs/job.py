"""What a worker can be asked, one kind of job each, and what it reports.

Paths are texts, as they stand in a job's file. A `plain` job does without what makes it faster.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import get_args

from common.arrays import Arrays

# In bfloat16 products are computed so, and weights and sums are kept in float32.
DTYPES = ("float32", "float64", "bfloat16")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Run:
    """A forward pass in evaluation mode; its arrays are the outputs.

    `endpoints` are layer paths, or `all` for the body's own steps, or `units` for all that a
    person would count, inside blocks and heads too.
    """

    framework: str
    network: str
    weights: str
    input: str
    endpoints: str = "all"
    dtype: str = "float32"
    aux: bool = False
    plain: bool = False


@dataclass(frozen=True)
class Grad:
    """The training loss without dropout, and its gradient by every parameter."""

    framework: str
    network: str
    weights: str
    input: str
    labels: str
    dtype: str = "float32"
    aux: bool = False


@dataclass(frozen=True)
class Start:
    """Whether the framework starts."""

    framework: str


@dataclass(frozen=True)
class ReadFile:
    """A file that only the framework can read; its arrays are what is in there."""

    framework: str
    path: str


@dataclass(frozen=True)
class WriteFile:
    """The framework's own kind of file, written to `out`, of the arrays in the bundle `arrays`."""

    framework: str
    arrays: str
    out: str


@dataclass(frozen=True)
class FindPlaces:
    """Where Keras keeps each array of a network: of ours, or of the one it publishes itself."""

    framework: str
    network: str
    aux: bool
    published: bool


@dataclass(frozen=True)
class Train:
    """The training of the run in a folder, from where it stands; SIGINT ends it after a step.

    The file descriptors in `held` stay open until the worker has ended.
    """

    framework: str
    folder: str
    device: str = "cpu"
    plain: bool = False
    held: Sequence[int] = ()


@dataclass(frozen=True)
class Evaluate:
    """The scores of weights on a data set's test split, as arrays by the name of each score.

    With `skip`, images that cannot be read are left out; `skipped` names them, `faults` says why.
    Of the run in the folder `run`, labels are what it has for classes of these names, and its own
    test images are scored. `classes` names the data's, `changes` says what has become of them.
    """

    framework: str
    network: str
    weights: str
    data: str
    preprocess: str
    skip: bool = False
    device: str = "cpu"
    dtype: str = "float32"
    plain: bool = False
    run: str = ""


@dataclass(frozen=True)
class Predict:
    """`probabilities`, images x classes, of the files in `images`; `skip` as for Evaluate."""

    framework: str
    network: str
    weights: str
    files: Sequence[str]
    preprocess: str
    skip: bool = False
    device: str = "cpu"
    dtype: str = "float32"
    plain: bool = False


@dataclass(frozen=True)
class Time:
    """One side of a benchmark: one network, computed in turns that the parent gives.

    `mode` is `plain`, `tuned`, or the name of a peer, whose weights may be in a file of its own
    kind; `task` is `infer` or `train`.
    """

    framework: str
    mode: str
    network: str
    weights: str
    task: str
    batch: int
    size: int
    turns: int
    precision: str = "float32"
    device: str = "cpu"

    @property
    def plain(self) -> bool:
        """Whether it does without what makes it faster, as peers do."""
        return self.mode != "tuned"


@dataclass(frozen=True)
class TimeLayers:
    """The seconds that each step of a network's body takes as a network of its own, by its name,
    and those of the whole, as `all`; images are as many as `batch` says."""

    framework: str
    network: str
    weights: str
    batch: int


@dataclass(frozen=True)
class Check:
    """A user's own network, run on noise; its arrays are the trace of it.

    `source` is a Python file, or a module's name; `name` or `call` says what in it, if it cannot
    be told. It is made for `input`, C x H x W, or for one that networks of the family have.
    With `grad` it also takes a step of training.
    """

    framework: str
    source: str
    name: str = ""
    call: str = ""
    network: str | None = None
    input: Sequence[int] = ()
    heads: bool = False
    grad: bool = False


Job = (
    Run | Grad | Start | ReadFile | WriteFile | FindPlaces
    | Train | Evaluate | Predict | Time | TimeLayers | Check
)  # fmt: skip
KINDS = {kind.__name__: kind for kind in get_args(Job)}


def to_json(job: Job) -> str:
    """A job as text."""
    return json.dumps({"kind": type(job).__name__} | asdict(job))


def from_json(text: str) -> Job:
    """The job that a text says."""
    fields = json.loads(text)
    job: Job = KINDS[fields.pop("kind")](**fields)
    return job


@dataclass(frozen=True)
class Report:
    """What came of a job: arrays by name, and how it went.

    `parameters` is the framework's own count; `megabytes` the most memory the worker ever held.
    """

    arrays: Arrays
    version: str
    parameters: int
    import_seconds: float
    seconds: float
    megabytes: int = 0

    def figures(self) -> dict:
        """All but the arrays."""
        return {name: value for name, value in vars(self).items() if name != "arrays"}
