"""One job for one framework: read and check what goes in, build, compute, hand out arrays."""

import re
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from common import weights
from common.errors import DataError, MissingFramework, UsageError
from common.networks import network
from common.shapes import Layer, Plan, by, plan
from common.spec import Dropout, without_dropout

ROOMS = {
    "numpy": ("common.reference", "numpy"),
    "pytorch": ("pytorch_impl.run", "torch"),
    "tensorflow": ("tensorflow_impl.run", "tensorflow"),
    "paddle": ("paddle_impl.run", "paddle"),
}
FRAMEWORKS = tuple(ROOMS)[1:]
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Job:
    """What one worker is asked: a forward pass (`run`), a gradient (`grad`), whether the
    framework starts (`try`), its own kind of weights file to `read`, or to `write` and read again,
    or the places its own file has for a network's arrays (`places`, `published places`).

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
        files = import_module(room.__name__.replace(".run", ".files"))
        match job.verb:
            case "read":
                arrays = files.read(Path(job.input))
            case "write":
                with np.load(job.input) as given:
                    files.write(Path(job.out), dict(given))
                arrays = files.read(Path(job.out))
            case "places" | "published places":
                laid_out = plan(network(job.network, classes=1, aux=job.aux))
                find = files.places if job.verb == "places" else files.published_places
                arrays = {name: np.array(place) for name, place in find(laid_out).items()}
    return Result(arrays, room.VERSION, 0, entered - began, time.perf_counter() - entered)


def enter(framework: str) -> ModuleType:
    """Imports a framework's room; raises MissingFramework where the framework does not import."""
    room, package = ROOMS[framework]
    try:
        import_module(package)
    except ImportError as error:
        raise MissingFramework(
            f"{framework} is not installed ({error}); pip install '.[{framework}]'"
        ) from None
    return import_module(room)


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


def is_map(layer: Layer) -> bool:
    """Whether the layer makes a map of its own."""
    return len(layer.output) == 3 and not isinstance(layer.word, Dropout)


def read_array(path: Path) -> NDArray:
    """The array in a .npy file, never by unpickling."""
    try:
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except Exception:
        # A broken file can raise nearly anything, and NumPy would advise to unpickle it.
        raise DataError(f"{path}: not a .npy array of numbers") from None
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: an archive of arrays; give one array as .npy")
    return array


def read_batch(path: Path) -> NDArray:
    """A batch of images, N x C x H x W, of finite floating-point numbers."""
    x = read_array(path)
    if x.ndim != 4 or 0 in x.shape:
        raise DataError(f"{path}: a batch is N x C x H x W, and this array is {by(x.shape) or 0}")
    if x.dtype not in (np.float32, np.float64):
        raise DataError(f"{path}: a batch is float32 or float64, and this array is {x.dtype}")
    if not np.isfinite(x).all():
        raise DataError(f"{path}: the batch holds NaN or infinity")
    return np.ascontiguousarray(x)


def read_labels(path: Path, images: int, plan: Plan) -> NDArray[np.int64]:
    """One class number an image."""
    labels, classes = read_array(path), plan.network.classes
    if labels.shape != (images,) or labels.dtype.kind not in "iu":
        raise DataError(
            f"{path}: labels are {images} whole numbers, one an image, "
            f"and this array is {labels.dtype} of shape {labels.shape}"
        )
    if not classes:
        raise DataError(f"{path}: the weights have no classifier, so labels mean nothing")
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(
            f"{path}: labels run from {labels.min()} to {labels.max()}, "
            f"classes from 0 to {classes - 1}"
        )
    return labels.astype(np.int64)
