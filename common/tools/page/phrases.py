"""The texts of the page, from one table of phrases in two languages."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from markupsafe import Markup, escape

from common.tools.analysis.diff import LayerChange

LANGUAGES = ("en", "zh")
SPACE = Markup('<span lang="en"> </span>')  # between sentences; Chinese has no such space


@cache
def phrases() -> dict[str, dict[str, str]]:
    """Every sentence of the page by its key, in each language."""
    return tomllib.loads(read("phrases.toml"))


def read(name: str) -> str:
    """The text of a file in this folder."""
    return (files("common.tools.page") / name).read_text(encoding="utf-8")


def texts(key: str, **values: object) -> tuple[str, ...]:
    """A sentence in each language, without markup; a tuple has one value for each language."""
    found = []
    for index, language in enumerate(LANGUAGES):
        own = {n: v[index] if isinstance(v, tuple) else v for n, v in values.items()}
        found.append(phrases()[key][language].format(**own))
    return tuple(found)


def named_by(names: Sequence[str]) -> Markup:
    """The attributes of an element's accessible name, which the page's script keeps translated."""
    return Markup('aria-label="{0}" data-label-en="{0}" data-label-zh="{1}"').format(*names)


def translated(key: str, **values: object) -> Markup:
    """A sentence in both languages, one of which is shown; the values are escaped.

    A value that is a tuple has one text for each language.
    """
    texts = []
    for index, language in enumerate(LANGUAGES):
        own = {n: v[index] if isinstance(v, tuple) else v for n, v in values.items()}
        safe = {name: escape(value) for name, value in own.items()}
        sentence = re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(phrases()[key][language])))
        texts.append(Markup(sentence).format(**safe))
    return spans(texts)


def spans(texts: Sequence[str]) -> Markup:
    """A text in each language, one of which is shown."""
    pairs = zip(LANGUAGES, texts, strict=True)
    return Markup("").join(Markup('<span lang="{}">{}</span>').format(*each) for each in pairs)


def number(value: int) -> str:
    """A number with thousands separators."""
    return f"{value:,}"


def listing(items: Iterable[str]) -> tuple[str, ...]:
    """Several texts in a row, in each language."""
    return tuple(mark.join(items) for mark in (", ", "、"))


def enumerated(text: str, language: str) -> str:
    """A text with commas between its items, which in Chinese have a mark of their own."""
    return text if language == "en" else text.replace(", ", "、")


def rounded(value: float) -> str:
    """A number with two significant digits, zeros included: 0.50."""
    return f"{value:#.2g}".rstrip(".")


def known(kind: str, text: str) -> Markup:
    """A text that is English in the code, in both languages."""
    return translated(phrase_key(kind, text))


def layer_kind(text: str) -> Markup:
    """The kind of a step in both languages; only names are translated, not windows and channels."""
    return spans((text, translated_kind("kind", text))) if text else Markup()


def box_texts(text: str) -> tuple[str, ...]:
    """The text of a box in a drawing in each language; one text if it has no words."""
    chinese = translated_kind("box", text)
    return (text,) if chinese == text else (text, chinese)


def translated_kind(table: str, text: str) -> str:
    """A layer in short, in Chinese: its words are phrases of `table`."""

    def chinese(found: re.Match[str]) -> str:
        phrase = phrases().get(phrase_key(table, found[0]))
        return phrase["zh"] if phrase else found[0]

    return re.sub(r"[a-z]{2,}( [a-z]{2,})*\.?", chinese, text).replace(", ", "，")


def phrase_key(kind: str, text: str) -> str:
    """The key in the table of phrases for a text that is English in the code."""
    return f"{kind}_{re.sub('[^a-z0-9]+', '_', text.lower()).strip('_')}"


def change_text(change: LayerChange) -> tuple[str, ...]:
    """The difference between two layers, in each language."""
    return tuple(in_language(change, language) for language in LANGUAGES)


def in_language(change: LayerChange, language: str) -> str:
    """The difference between two layers, in one language."""
    said = {"one": change.one, "other": change.other}
    if change.sentence == "field":
        said = {key: value_in_language(text, language) for key, text in said.items()}
        said |= {"layer": layer_phrase("layer", change.layer, language)}
        said |= {"field": layer_phrase("field", change.field, language)}
    elif change.sentence != "input":
        said = {key: layer_text(text, language) for key, text in said.items() if text}
    return phrases()[f"change_{change.sentence}"][language].format(**said)


def value_in_language(value: str, language: str) -> str:
    """The value of a layer's setting: true, false and the rules for padding are translated."""
    phrase = phrases().get(phrase_key("setting", value))
    return phrase[language] if phrase else value


def layer_text(text: str, language: str) -> str:
    """A layer's name in one language, followed by any details in brackets."""
    name, opened, detail = text.partition(" (")
    unscaled = phrases()["no_scale"]
    detail = detail.replace(unscaled["en"], unscaled[language])
    if language == "zh" and opened:
        opened, detail = "（", detail.replace(", ", "，").replace(")", "）")
    return layer_phrase("layer", name, language) + opened + detail


def layer_phrase(kind: str, name: str, language: str) -> str:
    """The name of a layer type or of one of its fields, in one language."""
    return phrases()[phrase_key(kind, name)][language]
