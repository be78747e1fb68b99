"""The code of a notebook as one Python file."""

import ast
import json
import re
from pathlib import Path

from common.errors import DataError

MAGIC = re.compile(r"^(\s*)([%!?].*|.*\?)$")


def source_of(path: Path) -> str:
    """The source of a Python file or notebook; raises DataError for a broken notebook."""
    if path.suffix != ".ipynb":
        return ast_text(path.read_bytes())
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        cells = found["cells"] if "cells" in found else found["worksheets"][0]["cells"]
        codes = [each for each in cells if each.get("cell_type") == "code"]
        texts = ["".join(each.get("source", each.get("input", ""))) for each in codes]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DataError(f"{path.name}: not a notebook ({type(error).__name__}: {error})") from None
    return "\n".join(plain(text) for text in texts)


def ast_text(data: bytes) -> str:
    """The text of a Python file, in the encoding that it declares.

    A broken encoding is reported by the compiler, as for any other file.
    """
    try:
        return importlib_decode(data)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return data.decode("latin-1")


def importlib_decode(data: bytes) -> str:
    """The decoded source, as Python's own import decodes it."""
    from importlib.util import decode_source

    return decode_source(data)


def plain(cell: str) -> str:
    """A cell without commands for the notebook; one that is no Python at all is left out."""
    if cell.lstrip().startswith("%%"):
        return ""
    lines = [MAGIC.sub(r"\1pass", line) for line in cell.splitlines()]
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:
        return ""
    return "\n".join(lines)
