"""Checks the book's pages: both languages have the same parts, and numbers come from outputs.

python docs/book/builder/prose.py                      check all pages
python docs/book/builder/prose.py --translated PAGE    the Chinese page follows the English
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from cells import BOOK, OUTPUT, BookError, cells_of, chapters, sides

FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)
PART = re.compile(r"^(?:`{3,}|:{3,})\{(\w+)\} ?(.*)$", re.M)
LITERAL = re.compile(r"^(`{3,})(?!\{).*?^\1$|`[^`\n]+`", re.M | re.S)
LINKS = re.compile(r"\]\([^)]*\)|https?://\S+|^:\w+:.*$", re.M)
NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+\.\d+|\d{4,})(?![\w])")
HEADING = re.compile(r"^#.*$", re.M)
CHINESE = "[\u3001-\u303f\u4e00-\u9fff\uff01-\uff60]"
YEAR = re.compile(r"(19|20)\d\d")


def pages(language: str) -> list[Path]:
    """All pages of a language, relative to its folder."""
    folder = BOOK / language
    return sorted(path.relative_to(folder) for path in folder.rglob("*.md"))


def front_matter(text: str) -> dict[str, Any]:
    """The declarations of a page before its text."""
    match = FRONT.match(text)
    return yaml.safe_load(match[1]) if match else {}


def digest(page: Path) -> str:
    """The hash of an English page, which its Chinese page records."""
    return hashlib.sha256((BOOK / "en" / page).read_bytes()).hexdigest()[:16]


def parts(text: str) -> list[str]:
    """The headings' levels, cells, pictures and exercises of a page, in order."""
    plain = LITERAL.sub("", text)
    marks = [(m.start(), f"{m[1]} {m[2]}") for m in PART.finditer(plain)]
    marks += [(m.start(), f"heading {len(m[1])}") for m in re.finditer(r"^(#+) ", plain, re.M)]
    kept = ("cell", "drawn", "exercise", "heading", "literalinclude")
    return [mark for _, mark in sorted(marks) if mark.split()[0] in kept]


def page_errors() -> list[str]:
    """A line for each page that exists in one language, or differs in its parts."""
    english, chinese = pages("en"), pages("zh")
    found = [f"{page} exists in one language only" for page in set(english) ^ set(chinese)]
    for page in sorted(set(english) & set(chinese)):
        texts = {lang: (BOOK / lang / page).read_text() for lang in ("en", "zh")}
        if front_matter(texts["zh"]).get("english") != digest(page):
            found.append(f"en/{page} changed after zh/{page}, which must follow it")
        first, second = (parts(texts[lang]) for lang in ("en", "zh"))
        if first != second:
            pairs = zip([*first, "its end"], [*second, "its end"], strict=False)
            differing = next(pair for pair in pairs if pair[0] != pair[1])
            found.append(f"{page}: en has {differing[0]} where zh has {differing[1]}")
        for lang in texts:
            found += [f"{lang}/{page}: {line}" for line in number_errors(page, texts[lang])]
    return sorted(found)


def number_errors(page: Path, text: str) -> list[str]:
    """A line for each figure in the prose that no cell of the chapter prints and no one cites."""
    cited = front_matter(text).get("cited", {})
    bare = LITERAL.sub("", FRONT.sub("", text)).replace("{,}", ",")
    prose = HEADING.sub("", LINKS.sub("", bare))
    chapter = page.name.removesuffix(".md").replace("-", "_", 1)
    outputs = "\n".join(path.read_text() for path in (OUTPUT / chapter).glob("*/*.txt"))
    known = {plain(number) for number in [*NUMBER.findall(outputs), *map(str, cited)]}
    typed = [n for n in NUMBER.findall(prose) if not YEAR.fullmatch(n)]
    return [f"{n} is in no output of the chapter" for n in typed if plain(n) not in known]


def plain(number: str) -> str:
    """A number without the commas between its thousands."""
    return number.replace(",", "")


def unused_cells() -> list[str]:
    """A line for each cell that no page shows."""
    shown: dict[str, set[str]] = {chapter: set() for chapter in chapters()}
    for page in pages("en"):
        chapter = page.name.removesuffix(".md").replace("-", "_", 1)
        names = [m[2] for m in PART.finditer((BOOK / "en" / page).read_text())]
        shown.setdefault(chapter, set()).update(names)
    return [
        f"{chapter}: no page shows cell {name} of {side}"
        for chapter in chapters()
        for side in sides(chapter)
        for name in cells_of(chapter, side)
        if name not in shown[chapter]
    ]


def record(page: str) -> None:
    """Writes the English page's hash into the Chinese page."""
    path = BOOK / "zh" / page
    text = path.read_text()
    match = FRONT.match(text)
    kept = match[1].splitlines() if match else []
    lines = [line for line in kept if not line.startswith("english:")]
    front = "\n".join(["---", *lines, f"english: {digest(Path(page))}", "---", ""])
    path.write_text(front + FRONT.sub("", text))


def joined(text: str) -> str:
    """A text without the line breaks between Chinese characters, which would show as spaces."""
    return re.sub(rf"(?<={CHINESE})\n(?={CHINESE})", "", text)


def main() -> int:
    """Checks, or records that a page was translated; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--translated", metavar="PAGE", nargs="+", help="as 01-counting.md")
    options = parser.parse_args()
    try:
        for page in options.translated or []:
            record(page)
        wrong = [*page_errors(), *unused_cells()]
    except BookError as error:
        wrong = [str(error)]
    print("\n".join(wrong) or "The pages of both languages have the same parts.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
