"""The texts of the page, from one table of phrases in two languages."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from markupsafe import Markup, escape

from common.tools.analysis.diff import Change

LANGUAGES = ("en", "zh")
SPACE = Markup('<span lang="en"> </span>')  # between sentences; Chinese has no such space


@cache
def phrases() -> dict[str, dict[str, str]]:
    """Every sentence of the page by its key, in each language."""
    return tomllib.loads(read("phrases.toml"))


def read(name: str) -> str:
    """The text of a file in this folder."""
    return (files("common.tools.page") / name).read_text(encoding="utf-8")


def unmarked(key: str, **values: object) -> str:
    """A sentence in both languages, for places that allow no markup."""
    return " / ".join(phrases()[key][language].format(**values) for language in LANGUAGES)


def translated(key: str, **values: object) -> Markup:
    """A sentence in both languages, one of which is shown; the values are escaped."""
    safe = {name: escape(value) for name, value in values.items()}
    spans = [
        Markup('<span lang="{}">{}</span>').format(
            language, Markup(escape(phrases()[key][language])).format(**safe)
        )
        for language in LANGUAGES
    ]
    return Markup("").join(spans)


def number(value: int) -> str:
    """A number with thousands separators."""
    return f"{value:,}"


def known(kind: str, text: str) -> Markup:
    """A text that is English in the code, in both languages."""
    return translated(key_of(kind, text))


def layer_kind(text: str) -> Markup:
    """The kind of a step in both languages; only names are translated, not windows and channels."""
    name = re.match(r"[a-z ]*[a-z]", text)
    if not name or key_of("kind", name[0]) not in phrases():
        return escape(text)
    return known("kind", name[0]) + text[name.end() :]


def key_of(kind: str, text: str) -> str:
    """The key in the table of phrases for a text that is English in the code."""
    return f"{kind}_{re.sub('[^a-z0-9]+', '_', text.lower()).strip('_')}"


def change_text(change: Change) -> tuple[str, ...]:
    """The difference between two layers, in each language."""
    return tuple(in_language(change, language) for language in LANGUAGES)


def in_language(change: Change, language: str) -> str:
    """The difference between two layers, in one language."""
    said = {"one": change.one, "other": change.other}
    if change.sentence == "field":
        said |= {"layer": named("layer", change.layer, language)}
        said |= {"field": named("field", change.field, language)}
    else:
        said = {key: layer_text(text, language) for key, text in said.items() if text}
    return phrases()[f"change_{change.sentence}"][language].format(**said)


def layer_text(text: str, language: str) -> str:
    """A layer's name in one language, followed by any details in brackets."""
    name, opened, detail = text.partition(" (")
    unscaled = phrases()["no_scale"]
    detail = detail.replace(unscaled["en"], unscaled[language])
    return named("layer", name, language) + opened + detail


def named(kind: str, name: str, language: str) -> str:
    """The name of a layer type or of one of its fields, in one language."""
    return phrases()[key_of(kind, name)][language]
