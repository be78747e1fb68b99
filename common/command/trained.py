"""Weights to use, wherever they are: of a run, in a file of ours, in a published checkpoint."""

from dataclasses import dataclass
from pathlib import Path

from common.command.options import check_known
from common.data.names import class_names
from common.errors import DataError, UsageError
from common.files import weights
from common.files.safetensors_file import read as read_safetensors
from common.networks import network
from common.preprocess import PREPROCESSES
from common.training.record import read_classes, read_recipe
from common.zoo.convert import convert


@dataclass(frozen=True)
class Trained:
    """A weights file, the network it is of, how it wants its images, what its classes are called.

    `classes` is empty where only their number is known; `run` is the folder of the run that the
    weights are of, "" of others.
    """

    path: Path
    network: str
    preprocess: str
    classes: tuple[str, ...] = ()
    run: str = ""

    def class_names(self, count: int) -> list[str]:
        """The names of so many classes; numbers where nobody says."""
        return list(self.classes) if len(self.classes) == count else class_names(count)


def open_trained(source: Path, name: str | None, preprocess: str | None, box: Path) -> Trained:
    """What a user names; a checkpoint of another layout is converted into the folder `box`."""
    if preprocess is not None:
        check_known("preprocessing", preprocess, tuple(PREPROCESSES))
    if source.is_dir() and (source / "recipe.toml").is_file():
        return open_run(source, name, preprocess)
    about = own_metadata(source)
    name = name or about.get("network")
    if not name:
        raise UsageError(
            f"{source} does not say which network it is of; give --network "
            "(`googlenet identify` finds it)"
        )
    made = network(name)
    if about.get("network") != name:
        convert(source, box / "weights.safetensors", name)
        source = box / "weights.safetensors"
    return Trained(source, name, preprocess or about.get("preprocess", made.preprocess.name))


def open_run(folder: Path, name: str | None, preprocess: str | None) -> Trained:
    """The best weights of a run, or the last where no epoch has ended."""
    recipe = read_recipe(folder)
    if name not in (None, recipe.network):
        raise UsageError(f"{folder}: a run of {recipe.network}, and asked for is {name}")
    files = [folder / "checkpoints" / f"{each}.safetensors" for each in ("best", "last")]
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        raise DataError(f"{folder}: no weights yet; go on with `googlenet train ... --resume`")
    how = preprocess or recipe.preprocess
    return Trained(path, recipe.network, how, read_classes(folder), str(folder))


def own_metadata(source: Path) -> dict:
    """What a weights file of ours says of itself; nothing for every other file."""
    if source.suffix != ".safetensors":
        return {}
    return read_safetensors(source).about if source.is_file() else weights.read(source)[1]
