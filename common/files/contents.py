"""What a weights file of any kind holds, before anybody asks which network it is."""

from dataclasses import dataclass, field

from common.arrays import Arrays


@dataclass(frozen=True)
class Contents:
    """Arrays in groups, by the key under which each group lies: "" is the file itself.

    `about` is what the file says of itself; `notes` what was done on reading; `others` the kinds
    of what is no array, by group and name, which was not read.
    """

    groups: dict[str, Arrays]
    about: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    others: dict[str, dict[str, str]] = field(default_factory=dict)
