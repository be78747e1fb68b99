"""The contents of a weights file of any format, before its network is identified."""

from dataclasses import dataclass, field

from common.arrays import Arrays


@dataclass(frozen=True)
class Contents:
    """Arrays in groups, by the key of each group within the file: "" is the file itself.

    `about` is the file's metadata; `notes` lists conversions made while reading; `others` gives, by
    group and name, the types of the values that were not read because they are not arrays.
    """

    groups: dict[str, Arrays]
    about: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    others: dict[str, dict[str, str]] = field(default_factory=dict)
