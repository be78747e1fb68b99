"""Which networks a weights file may be of, when nobody says."""

from dataclasses import dataclass
from pathlib import Path

from common.errors import DataError
from common.networks import NETWORKS
from common.zoo.misfit import Misfit
from common.zoo.read_file import read_file
from common.zoo.recognise import Match, Wishes, try_layouts
from common.zoo.unwrap import open_groups


@dataclass(frozen=True)
class Identity:
    """The readings of a file that take all of it; where there is none, the nearest, and why not.

    `kinds` are those of what the file holds beside arrays, by name.
    """

    matches: tuple[Match, ...]
    nearest: Misfit | None
    kinds: dict[str, str]


def identify(source: Path, wishes: Wishes) -> Identity:
    """Every network that the arrays of a file fit, whole and in their shapes.

    A file that says of itself which network it is of is held to that one. Raises DataError where
    the file cannot be read, or no array in it is one of any network.
    """
    contents = read_file(source)
    says = contents.about.get("network")
    names = [says] if says in NETWORKS else list(NETWORKS)
    opened = open_groups(str(source), contents, wishes.key, wishes.averages)
    found = [try_layouts(str(source), contents, opened, name, wishes) for name in names]
    matches = tuple(match for match, _ in found if match)
    misfits = [misfit for _, others in found for misfit in others]
    nearest = max(misfits, key=lambda misfit: misfit.agreed, default=None)
    if not matches and (nearest is None or not nearest.agreed):
        raise DataError(f"{source}: none of its arrays is one of a network here")
    kinds = {name: kind for group in contents.others.values() for name, kind in group.items()}
    return Identity(matches, None if matches else nearest, kinds)
