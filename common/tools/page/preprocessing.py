"""Preprocessing in words, in both languages."""

from collections.abc import Iterable

from common.spec.preprocess import BYTE, Preprocess
from common.tools.page.phrases import LANGUAGES, enumerated, phrases

Texts = tuple[str, ...]  # one in each language


def image_texts(how: Preprocess, rows: int, columns: int) -> Texts:
    """The text on how an image is resized, and where the method comes from."""
    side = round(min(rows, columns) / how.share)
    values = {"size": f"{rows}×{columns}", "side": side, "share": f"{how.share:.1%}"}
    found = []
    for language in LANGUAGES:
        resample = phrases()[f"resample_{how.resample}"][language]
        sentence = phrases()[f"fit_{how.fit}"][language]
        source = enumerated(how.source, language)
        found.append(sentence.format(**values, resample=resample, source=source))
    return tuple(found)


def value_texts(how: Preprocess, channels: int = 3) -> Texts:
    """The text on pixel values, in the usual numbers: 0 to 255, minus 104, 117, 123."""
    key, values = "values_scaled", {"mean": listed(how.mean), "deviation": listed(how.deviation)}
    if (how.mean, how.deviation) == ((0.5,) * 3, (0.5,) * 3):
        key, values = "values_range", {"low": "-1", "high": "1"}
    elif (how.mean, how.deviation) == ((0.0,) * 3, (1.0,) * 3):
        key, values = "values_range", {"low": "0", "high": "1"}
    elif how.deviation == (BYTE,) * 3:
        key, values = "values_less", {"mean": listed(255 * n for n in how.mean)}
    elif all(float(255 * n).is_integer() for n in how.deviation):
        key = "values_bytes"
        values = {
            "mean": listed(255 * n for n in how.mean),
            "deviation": listed(255 * n for n in how.deviation),
        }
    return tuple(
        phrases()[key][each].format(
            order=phrases()["grey"][each] if channels == 1 else how.order,
            **{name: enumerated(text, each) for name, text in values.items()},
        )
        for each in LANGUAGES
    )


def listed(numbers: Iterable[float]) -> str:
    """Numbers as text: one if all are equal."""
    texts = [f"{number:.4g}" for number in numbers]
    return texts[0] if len(set(texts)) == 1 else ", ".join(texts)
