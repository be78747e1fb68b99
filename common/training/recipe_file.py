"""Recipes as TOML: read, with the wishes of whoever trains put over them, and written."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import TypeAdapter, ValidationError

from common.errors import DataError
from common.training.recipe import Recipe

ADAPTER = TypeAdapter(Recipe)


def read_table(path: Path) -> dict[str, Any]:
    """The table in a TOML file."""
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a recipe that can be read ({error})") from None


def to_recipe(source: str, table: Mapping[str, Any]) -> Recipe:
    """The recipe of a table; raises DataError that names a field unknown or ill-typed."""
    data = str(table.get("data"))
    if any("\ud800" <= character <= "\udfff" for character in data):
        raise DataError(f"{source}: data: a folder whose name is not UTF-8 cannot be recorded")
    try:
        return ADAPTER.validate_json(json.dumps(dict(table), default=str))  # dates are no fields
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"])
        where = f"{source}: {name}" if name else source
        raise DataError(f"{where}: {fault['msg']}{nearest(name, fault)}") from None


def check_fields(source: str, table: Mapping[str, Any]) -> None:
    """Raises DataError unless every field of a table, which may lack some, is one of a recipe."""
    needed = {"network": "", "data": "", "channels": 1, "image_size": 1, "classes": 1}
    to_recipe(source, needed | dict(table))


def nearest(name: str, fault: Mapping) -> str:
    """The field that was perhaps meant, where there is none of that name."""
    if "unexpected" not in fault["type"]:
        return ""
    found = get_close_matches(name, [field.name for field in fields(Recipe)], 1)
    return f"; perhaps {found[0]!r} is meant" if found else ""


def to_toml(recipe: Recipe) -> str:
    """The recipe as TOML."""
    return tomli_w.dumps(asdict(recipe))
