"""Recipes as TOML: reading, checking and writing them."""

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
    """The contents of a TOML file, not yet checked."""
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot read the recipe ({error})") from None


def to_recipe(source: str, table: Mapping[str, Any]) -> Recipe:
    """The recipe in a TOML table; raises DataError, which names the field, if one is invalid."""
    data = str(table.get("data"))
    if any("\ud800" <= character <= "\udfff" for character in data):
        raise DataError(f"{source}: data: the folder name must be valid UTF-8")
    try:
        return ADAPTER.validate_json(json.dumps(dict(table), default=str))  # no field is a date
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"])
        if name.startswith("class_weights"):
            name = "class_weights"
            fault["msg"] = "choose equal or balanced, or give a list of numbers from 0 on"
        where = f"{source}: {name}" if name else source
        raise DataError(f"{where}: {fault['msg']}{nearest(name, fault)}") from None


def check_fields(source: str, table: Mapping[str, Any]) -> None:
    """Raises DataError if a TOML table, which may be incomplete, has an invalid field."""
    needed = {"network": "", "data": "", "channels": 1, "image_size": 1, "classes": 1}
    to_recipe(source, needed | dict(table))


def nearest(name: str, fault: Mapping) -> str:
    """A suggestion for the end of the message, if the fault is an unknown field."""
    if "unexpected" not in fault["type"]:
        return ""
    similar = get_close_matches(name, [field.name for field in fields(Recipe)], 1)
    return f"; perhaps {similar[0]!r} is meant" if similar else ""


def to_toml(recipe: Recipe) -> str:
    """The recipe as TOML."""
    return tomli_w.dumps(asdict(recipe))
