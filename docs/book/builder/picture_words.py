"""The words in the book's pictures, in Chinese."""

import re
import tomllib
from html import escape, unescape

from cells import BOOK

TEXT = re.compile(r"(<(?:text|tspan|title)\b[^>]*>)([^<]+)(</)")


def table_of(language: str) -> dict[str, str]:
    """The words of pictures in a language by the English ones; empty for English."""
    path = BOOK / language / "pictures.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def words(picture: str) -> list[str]:
    """The texts in an SVG picture."""
    return [unescape(match[1]).strip() for match in TEXT.findall(picture)]


def translated(picture: str, table: dict[str, str]) -> str:
    """An SVG picture with each text that the table has replaced by its translation."""

    def replace(match: re.Match[str]) -> str:
        """One text, with its element."""
        said = unescape(match[2]).strip()
        return f"{match[1]}{escape(table.get(said, said), quote=False)}{match[3]}"

    return TEXT.sub(replace, picture)
