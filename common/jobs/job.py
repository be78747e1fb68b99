"""One job for one framework: read and check what goes in, build, compute, hand out arrays."""

import re
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from common.data.arrays import read_batch, read_labels
from common.errors import DataError, MissingFramework, UsageError
from common.files import weights
from common.files.bundle import unpack
from common.networks import network
from common.plan import Plan, is_map, plan
from common.spec import without_dropout


@dataclass(frozen=True)
class Room:
    """What a framework is imported as, and the modules that run it and read its own files."""

    package: str
    run: str
    files: str = ""


ROOMS = {
    "numpy": Room("numpy", "common.reference"),
    "pytorch": Room("torch", "pytorch_impl.run", "pytorch_impl.files"),
    "tensorflow": Room("tensorflow", "tensorflow_impl.run", "tensorflow_impl.files"),
    "paddle": Room("paddle", "paddle_impl.run"),
}
FRAMEWORKS = tuple(ROOMS)[1:]
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Job:
    """What one worker is asked.

    The verbs are a forward pass (`run`), a gradient (`grad`), whether the framework starts (`try`),
    its own kind of weights file to `read`, or to `write` and read again, and where that file keeps
    a network's arrays (`places`, `published places`).

    `endpoints` are layer paths, or `all` for the body's own steps, or `units` for all that a
    person would count, inside blocks and heads too.
    """

    verb: str
    framework: str
    network: str = ""
    weights: str = ""
    input: str = ""
    labels: str = ""
    out: str = ""
    endpoints: str = "all"
    dtype: str = "float32"
    aux: bool = False


@dataclass(frozen=True)
class Result:
    """Arrays by name, the framework's own parameter count, and the seconds it all took."""

    arrays: dict[str, NDArray]
    version: str
    parameters: int
    import_seconds: float
    seconds: float


def perform(job: Job) -> Result:
    """Does the job in this process; raises UserError for whatever the user can mend."""
    if job.verb not in ("run", "grad"):
        return perform_small(job)
    network(job.network, aux=job.aux)  # an unknown name is told before any file is read
    x = read_batch(Path(job.input))
    laid_out, arrays = read_network(job, x)
    paths = endpoints(laid_out, job.endpoints)
    labels = read_labels(Path(job.labels), len(x), laid_out) if job.verb == "grad" else None
    began = time.perf_counter()
    room = enter(job.framework)
    entered = time.perf_counter()
    net = room.loaded(laid_out, arrays, job.dtype)
    out = room.run(net, x, paths) if labels is None else room.grad(net, x, labels)
    ended = time.perf_counter()
    return Result(out, room.VERSION, room.count(net), entered - began, ended - entered)


def perform_small(job: Job) -> Result:
    """A job that needs no network's outputs."""
    began = time.perf_counter()
    room = enter(job.framework)
    entered = time.perf_counter()
    arrays = {}
    if job.verb != "try":
        files = import_module(ROOMS[job.framework].files)
        match job.verb:
            case "read":
                arrays = files.read(Path(job.input))
            case "write":
                files.write(Path(job.out), unpack(Path(job.input)))
                arrays = files.read(Path(job.out))
            case "places" | "published places":
                laid_out = plan(network(job.network, classes=1, aux=job.aux))
                find = files.places if job.verb == "places" else files.published_places
                arrays = {name: np.array(place) for name, place in find(laid_out).items()}
    return Result(arrays, room.VERSION, 0, entered - began, time.perf_counter() - entered)


def enter(framework: str) -> ModuleType:
    """Imports a framework's room; raises MissingFramework where the framework does not import."""
    room = ROOMS[framework]
    try:
        import_module(room.package)
    except ImportError as error:
        raise MissingFramework(
            f"{framework} is not installed ({error}); pip install '.[{framework}]'"
        ) from None
    return import_module(room.run)


def read_network(job: Job, x: NDArray) -> tuple[Plan, weights.Arrays]:
    """The network that the weights and the batch ask for, and its parameters."""
    arrays, about = weights.read(Path(job.weights))
    classes = weights.classes_in(job.weights, arrays, network(job.network))
    try:
        made = network(job.network, x.shape[1:], classes, job.aux)
        laid_out = plan(made)
    except UsageError as error:
        raise DataError(f"{job.input}: {error}") from None
    fitting = weights.fit(job.weights, arrays, about, laid_out)
    if job.verb == "grad":
        laid_out = plan(without_dropout(made))
    return laid_out, fitting


def endpoints(plan: Plan, wanted: str) -> list[str]:
    """The paths of the layers whose outputs are wanted; raises UsageError for an unknown one."""
    if wanted == "all":
        return [layer.path for layer in plan.body.children if is_map(layer)]
    if wanted == "units":
        return [unit.path for root in plan.roots() for unit in root.units() if is_map(unit)]
    names = [name for name in re.split(r"[, ]+", wanted) if name not in ("", plan.network.output)]
    return [plan.find(name).path for name in names]
