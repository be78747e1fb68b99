"""The recipe of a run: defaults, overridden by a recipe's file and by the command line."""

from pathlib import Path
from typing import Any

from common.data.sources import open_data
from common.networks import network
from common.training.defaults import default_table
from common.training.recipe import Recipe
from common.training.recipe_file import check_fields, read_table, to_recipe
from common.training.resumed_recipe import resumed

# Defaults of the fields on which the rest of the default recipe depends.
DEFAULTS: dict[str, Any] = {
    "network": "googlenet",
    "data": "digits",
    "val_split": 0.2,
    "aux": False,
}


def resolve(path: Path | None, overrides: dict[str, Any], run: Path | None = None) -> Recipe:
    """The default recipe, overridden by the file and then by the command line.

    With a `run` to resume, its own recipe is returned, which must agree with both. An option that
    was not given is None in `overrides` and has no effect.
    """
    file, overrides = read_fields(path), typed(overrides)
    if run:
        return resumed(run, file | overrides)
    sections = {section: overrides.pop(section, {}) for section in ("optimizer", "schedule")}
    chosen = DEFAULTS | file | overrides
    network(chosen["network"])  # rejects an unknown name before data is opened
    data = open_data(chosen["data"], chosen["val_split"])
    table = default_table(chosen["network"], data, chosen["aux"]) | file
    for section, options_given in sections.items():
        own = table.get(section, {})
        if options_given.get("kind", own.get("kind")) != own.get("kind"):
            own = {}  # a different kind has its own parameters
        if options_given:
            table[section] = own | options_given
    return to_recipe(str(path or "recipe"), table | overrides)


def read_fields(path: Path | None) -> dict[str, Any]:
    """The fields in a recipe's file, if one was given."""
    table = read_table(path) if path else {}
    check_fields(str(path), table)
    return table


def typed(overrides: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, in sections as well."""
    sections = {name: typed(value) for name, value in overrides.items() if isinstance(value, dict)}
    return {
        name: value for name, value in (overrides | sections).items() if value not in (None, {})
    }
