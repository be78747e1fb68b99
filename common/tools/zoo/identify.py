"""Identifies the networks that a weights file may belong to."""

from dataclasses import dataclass
from pathlib import Path

from common.errors import DataError
from common.networks import NETWORKS
from common.tools.zoo.match import Match, ReadOptions
from common.tools.zoo.misfit import Misfit
from common.tools.zoo.read_file import read_file
from common.tools.zoo.recognise import try_formats
from common.tools.zoo.unwrap import open_groups


@dataclass(frozen=True)
class Identity:
    """The complete matches of a file; if there are none, the nearest network and its mismatches.

    `kinds` are the types of the values in the file that were not read, by name.
    """

    matches: tuple[Match, ...]
    nearest: Misfit | None
    kinds: dict[str, str]


def identify(source: Path, options: ReadOptions) -> Identity:
    """Every network that the arrays of a file fit completely, including their shapes.

    If the file's metadata names a network, only that one is tried. Raises DataError if the file
    cannot be read, or if none of its arrays belongs to any network.
    """
    contents = read_file(source)
    says = contents.about.get("network")
    names = [says] if says in NETWORKS else list(NETWORKS)
    opened = open_groups(str(source), contents, options.key, options.averages)
    attempts = [try_formats(str(source), contents, opened, name, options) for name in names]
    matches = tuple(match for match, _ in attempts if match)
    misfits = [misfit for _, others in attempts for misfit in others]
    nearest = max(misfits, key=lambda misfit: misfit.agreed, default=None)
    if not matches and (nearest is None or not nearest.agreed):
        raise DataError(f"{source}: none of its arrays belongs to a supported network")
    return Identity(matches, None if matches else nearest, contents.unread())
