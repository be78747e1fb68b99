"""Opens weights for use: from a run, a native file or a published checkpoint."""

import sys
from dataclasses import dataclass
from pathlib import Path

from common.command.options import check_known
from common.command.printable import print_line
from common.data.class_names import class_names
from common.data.sources import folder_of
from common.errors import DataError, UsageError
from common.files import weights
from common.networks import network
from common.spec import shape_text
from common.spec.preprocess import PREPROCESSES
from common.tools.zoo.convert import read_match
from common.tools.zoo.match import ReadOptions
from common.tools.zoo.read_file import read_file
from common.training.metrics import read_metrics
from common.training.record import best_weights, is_run, read_classes, read_recipe, read_record


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A weights file with its network, its preprocessing and the names of its classes.

    `classes` is empty if only their number is known; `run` is the folder of the run that the
    weights come from, or "".
    """

    path: Path
    network: str
    preprocess: str
    classes: tuple[str, ...] = ()
    run: str = ""
    data: str = "digits"  # to be scored on by default
    label: str = ""  # which weights these are
    background: str = ""  # of the training images: "dark", "light", or unknown

    @property
    def about(self) -> dict:
        """The description of the training images, as recorded in weights files."""
        return {"class_names": self.classes, "background": self.background}

    def class_names(self, count: int) -> list[str]:
        """The names of `count` classes; numbers for those whose names are unknown."""
        known = list(self.classes)
        return known + class_names(count)[len(known) :]


def open_trained(source: Path, name: str | None, preprocess: str | None, box: Path) -> Trained:
    """Opens a run or a weights file; a checkpoint in a different format is converted in `box`.

    Values that the file does not record are assumed, and reported on standard error.
    """
    if preprocess is not None:
        check_known("preprocessing", preprocess, tuple(PREPROCESSES))
    if is_run(source):
        return open_run(source, name, preprocess)
    about = own_metadata(source)
    name = name or about.get("network")
    if not name:
        raise UsageError(
            f"{source} does not record its network; give --network (`googlenet identify` finds it)"
        )
    spec, path = network(name), source
    if source.suffix != ".safetensors" or about.get("network") != name:
        path = box / "weights.safetensors"
        about = write_native(source, path, name)
    own = about.get("preprocess")
    if not own or "input" not in about:
        size = shape_text(about.get("input", spec.input))
        print_line(
            f"googlenet: {source} does not record its images: {size} and "
            f"--preprocess {preprocess or own or spec.preprocess.name} are assumed",
            sys.stderr,
        )
    return Trained(
        path=path,
        network=name,
        preprocess=preprocess or about.get("preprocess", spec.preprocess.name),
        classes=tuple(about.get("class_names", ())),
        label=str(source),
        background=about.get("background", ""),
    )


def write_native(source: Path, target: Path, name: str) -> dict:
    """Writes a checkpoint as a weights file, and returns what it records about its images.

    What the checkpoint does not share with a weights file is reported on standard error.
    """
    match = read_match(source, name, ReadOptions())
    weights.write(target, match.arrays, match.plan, match.recorded)
    if match.notes:
        print_line(f"googlenet: {source}: {', '.join(match.notes)}", sys.stderr)
    return dict(match.recorded)


def open_run(folder: Path, name: str | None, preprocess: str | None) -> Trained:
    """The best weights of a run, or the last ones if no epoch has ended."""
    recipe = read_recipe(folder)
    if name not in (None, recipe.network):
        raise UsageError(f"{folder}: a run of {recipe.network}, not {name}")
    path = best_weights(folder)
    return Trained(
        path=path,
        network=recipe.network,
        preprocess=preprocess or recipe.preprocess,
        classes=read_classes(folder),
        run=str(folder),
        data=recipe.data if folder_of(recipe.data).exists() else read_record(folder, recipe)[0],
        label=f"{path} ({epoch_text(folder, path.stem)})",
        background=weights.read(path)[1].get("background", ""),
    )


def epoch_text(folder: Path, kind: str) -> str:
    """The epoch after which a run wrote its best or last weights, as text."""
    epochs = [line for line in read_metrics(folder / "metrics.jsonl") if "split" in line]
    if not epochs:
        return "before the first epoch ended"
    chosen = max(epochs, key=lambda line: line["top1"]) if kind == "best" else epochs[-1]
    return f"after epoch {chosen['epoch']}"


def own_metadata(source: Path) -> dict:
    """The metadata of a weights file or an ONNX export of ours; empty for any other file."""
    if not source.exists():
        raise DataError(f"{source}: no such file")
    if source.suffix not in (".safetensors", ".onnx"):
        return {}
    return read_file(source).about
