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

    def unread(self) -> dict[str, str]:
        """The types of the values that were not read, by full name: the outermost such values."""
        paths = {
            f"{group}.{name}" if group else name: kind
            for group, kinds in self.others.items()
            for name, kind in kinds.items()
        }
        opened = {f"{key}."[: index + 1] for key in self.groups for index in dots(f"{key}.")}
        closed = {path: kind for path, kind in paths.items() if f"{path}." not in opened}
        inside = {path for path in closed for index in dots(path) if path[:index] in closed}
        return {path: kind for path, kind in closed.items() if path not in inside}


def dots(path: str) -> list[int]:
    """The positions of the dots in a name."""
    return [index for index, letter in enumerate(path) if letter == "."]
