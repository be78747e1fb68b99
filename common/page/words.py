"""The words of the page: one table of phrases, in two languages."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from markupsafe import Markup, escape

from common.analysis.diff import Change

LANGUAGES = ("en", "zh")
SPACE = Markup('<span lang="en"> </span>')  # between sentences; Chinese has none


@cache
def phrases() -> dict[str, dict[str, str]]:
    """Every sentence of the page by its key, in each language."""
    return tomllib.loads(read("phrases.toml"))


def read(name: str) -> str:
    """A file beside this one."""
    return (files("common.page") / name).read_text(encoding="utf-8")


def unmarked(key: str, **values: object) -> str:
    """A sentence in both languages, where no markup can stand."""
    return " / ".join(phrases()[key][language].format(**values) for language in LANGUAGES)


def translated(key: str, **values: object) -> Markup:
    """A sentence in both languages, of which one is shown; the values are shown harmlessly."""
    safe = {name: escape(value) for name, value in values.items()}
    spans = [
        Markup('<span lang="{}">{}</span>').format(
            language, Markup(escape(phrases()[key][language])).format(**safe)
        )
        for language in LANGUAGES
    ]
    return Markup("").join(spans)


def number(value: int) -> str:
    """A number with its thousands apart."""
    return f"{value:,}"


def known(kind: str, text: str) -> Markup:
    """One of the words that the code has in English, in both languages."""
    return translated(key_of(kind, text))


def layer_kind(text: str) -> Markup:
    """What a step is, in both languages: pools by name, windows and channels as they are."""
    name = re.match(r"[a-z ]*[a-z]", text)
    if not name or key_of("kind", name[0]) not in phrases():
        return escape(text)
    return known("kind", name[0]) + text[name.end() :]


def key_of(kind: str, text: str) -> str:
    """Where the table of phrases has a word that the code has in English."""
    return f"{kind}_{re.sub('[^a-z0-9]+', '_', text.lower()).strip('_')}"


def change_text(change: Change) -> tuple[str, ...]:
    """How two layers differ, in each language."""
    return tuple(in_language(change, language) for language in LANGUAGES)


def in_language(change: Change, language: str) -> str:
    """How two layers differ, in one language."""
    said = {"one": change.one, "other": change.other}
    if change.sentence == "field":
        said |= {"word": named("word", change.word, language)}
        said |= {"field": named("field", change.field, language)}
    else:
        said = {key: layer_text(text, language) for key, text in said.items() if text}
    return phrases()[f"change_{change.sentence}"][language].format(**said)


def layer_text(text: str, language: str) -> str:
    """A layer, with what stands in brackets behind it."""
    name, opened, detail = text.partition(" (")
    unscaled = phrases()["no_scale"]
    detail = detail.replace(unscaled["en"], unscaled[language])
    return named("word", name, language) + opened + detail


def named(kind: str, name: str, language: str) -> str:
    """What a word or a field of the grammar is called."""
    return phrases()[key_of(kind, name)][language]
