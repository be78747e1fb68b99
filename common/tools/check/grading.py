"""Points for submissions, from the documents of their checks and a rubric."""

import csv
import hashlib
import io
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from common.errors import DataError, UsageError
from common.tools.check.advice import KINDS, LABELS, advice
from common.tools.check.describe import Difference
from common.tools.check.detect import detect_framework

DEFAULT = Path(__file__).with_name("rubric.toml")
POINTS = ("mistake", "convention", "choice", "unexplained", "failed")


@dataclass(frozen=True)
class Rubric:
    """The most points, and those taken off for each difference of a kind."""

    total: float
    points: Mapping[str, float]


def read_rubric(path: Path | None) -> Rubric:
    """The rubric in a TOML file, which overrides the default one.

    Raises DataError for a file that cannot be read, UsageError for an unknown kind.
    """
    default = tomllib.loads(DEFAULT.read_text(encoding="utf-8"))
    if path is None:
        return Rubric(default["total"], default["points"])
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a rubric: {error}") from None
    points = given.get("points", {})
    for kind in points if isinstance(points, dict) else [str(points)]:
        if kind not in POINTS:
            raise UsageError(f"{path}: unknown kind {kind!r}; choose from: {', '.join(POINTS)}")
    numbers = [given.get("total", 0), *points.values()]
    if not all(isinstance(each, int | float) for each in numbers):
        raise DataError(f"{path}: the total and all points must be numbers")
    return Rubric(given.get("total", default["total"]), default["points"] | points)


def kinds_of(document: Mapping) -> Counter[str]:
    """The number of differences of each kind in a document."""
    if document["verdict"] == "failed":
        return Counter(["failed"])
    own = document["differences"]
    return Counter("unexplained" if e["what"] == "unexplained" else e["kind"] for e in own)


def points(document: Mapping, rubric: Rubric) -> float:
    """The points of a submission, at least 0."""
    off = sum(rubric.points[kind] * count for kind, count in kinds_of(document).items())
    return max(0, rubric.total - off)


def csv_text(documents: Sequence[Mapping], rubric: Rubric) -> str:
    """The grades, one line for each network."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "verdict", "nearest", "points", *POINTS, "error"])
    for each in documents:
        counts = kinds_of(each)
        own = [each["source"], each["verdict"], each.get("nearest", ""), points(each, rubric)]
        rows.writerow([*own, *(counts[kind] for kind in POINTS), each.get("error", "")])
    return text.getvalue()


def html_text(documents: Sequence[Mapping], rubric: Rubric, language: str) -> str:
    """A page with one sheet for each submission, to print or to send."""
    sheets = "\n".join(sheet(each, rubric, language) for each in documents)
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>googlenet check</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
section {{ break-after: page; border-bottom: 1px solid #888; margin-bottom: 2rem }}
code {{ background: #eee }}
</style>
</head>
<body>
{sheets}
</body>
</html>
"""


def sheet(document: Mapping, rubric: Rubric, language: str) -> str:
    """The sheet of one submission."""
    title = escape(f"{document['source']}: {points(document, rubric):g} / {rubric.total:g}")
    parts = [f"<section>\n<h2>{title}</h2>"]
    if document["verdict"] == "failed":
        parts.append(f"<p>{escape(document['error'])}</p>")
    else:
        nearest = document["nearest"]
        parts.append(f"<p>{escape(document['verdict'])}: {escape(nearest)}</p>\n<ol>")
        framework = detect_framework(document["source"].partition(":")[0])
        parts += [item(each, language, framework) for each in document["differences"]]
        parts.append("</ol>")
    return "\n".join([*parts, "</section>"])


def item(given: Mapping, language: str, framework: str) -> str:
    """One difference of a sheet."""
    each = Difference(**{name: given[name] for name in ("layer", "what", "yours", "table")})
    label, hint = LABELS[language], advice(each, language, framework)
    where = ", ".join(given["places"][:6]) + (", ..." if len(given["places"]) > 6 else "")
    lines = ", ".join(map(str, given["lines"][:6]))
    values = f"{label['yours']}: {each.yours}; {label['table']}: {each.table}"
    texts = [
        f"{label['where']}: {where}" + (f"; {label['lines']} {lines}" if lines else ""),
        values,
    ]
    texts += [hint.why] if hint.why else []
    write = f"<br>{label['write']}: <code>{escape(hint.write)}</code>" if hint.write else ""
    head = f"<b>{KINDS[language][given['kind']]}: {escape(each.what)}</b>"
    return f"<li>{head}<br>{'<br>'.join(map(escape, texts))}{write}</li>"


def digest(path: Path, options: object) -> str:
    """A hash of a file and of the options of its check."""
    return hashlib.sha256(path.read_bytes() + repr(options).encode()).hexdigest()
