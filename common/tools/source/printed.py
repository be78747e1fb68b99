"""The generated source of a network: the whole file, and the lines that create each layer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")  # not an attribute
PROSE = re.compile(r'""".*?"""|#[^\n]*', re.DOTALL)


@dataclass(frozen=True)
class Printed:
    """A source file, the lines that create each layer or head, and the file's definitions.

    Definitions are classes and functions by name, in file order, without that of the network.
    """

    text: str
    layers: Mapping[str, str]
    definitions: dict[str, str]

    def called_by(self, layer: str) -> list[str]:
        """The definitions that a layer uses, directly or through others, the nearest first."""
        used: set[str] = set()
        unread = [self.layers[layer]]
        while unread:
            new = words_in([unread.pop()]) & self.definitions.keys() - used
            used |= new
            unread += [self.definitions[name] for name in new]
        return [self.definitions[name] for name in reversed(self.definitions) if name in used]


def words_in(texts: Iterable[str]) -> set[str]:
    """All names in some code, except attributes and anything in docstrings and comments."""
    return {name for text in texts for name in NAME.findall(PROSE.sub("", text))}
