"""Compares what cells printed and drew: with what is stored, and between frameworks."""

import difflib
import re
from pathlib import Path

from cells import FRAMEWORKS, OUTPUT, BookError, cells_of, same_cells, sides

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
DRAWN_WITHIN = 0.5  # points; one pixel at the size that the site shows


def disagreements(chapter: str, output: Path = OUTPUT) -> list[str]:
    """A line for each cell marked `same` whose text differs between frameworks."""
    found = []
    for name in same_cells(chapter):
        texts = {f: text(output / chapter / f / f"{name}.txt") for f in FRAMEWORKS}
        ran = {f: t for f, t in texts.items() if (output / chapter / f).exists()}
        for framework, other in list(ran.items())[1:]:
            first = next(iter(ran))
            if difference := first_difference(ran[first], other, first, framework):
                found.append(f"{chapter}, cell {name} must print the same: {difference}")
                break
    return found


def changes(chapter: str, new: Path, old: Path = OUTPUT) -> list[str]:
    """A line for each output of a chapter that is no longer what is stored."""
    found = []
    for side in sides(chapter):
        if not (new / chapter / side).exists():
            continue  # it did not run, which is reported by itself
        measured = {c.name for c in cells_of(chapter, side).values() if c.measured}
        folders = [folder / chapter / side for folder in (old, new)]
        names = sorted({path.name for folder in folders for path in folder.glob("*")})
        for name in names:
            is_measured = re.sub(r"(-\d)?\.\w+$", "", name) in measured
            before, after = (folder / name for folder in folders)
            if change := changed(before, after, is_measured):
                found.append(f"{chapter}, {side}, {name}: {change}")
    return found


def changed(before: Path, after: Path, measured: bool) -> str:
    """The differences between two outputs, or an empty string."""
    if not after.exists():
        return "is stored, but no cell makes it"
    if not before.exists():
        return "is not stored; `make book-run` stores it"
    if after.suffix == ".svg":
        same = measured or alike(before.read_text(), after.read_text())
        return "" if same else "is drawn differently now"
    mask = masked if measured else str
    return first_difference(mask(text(before)), mask(text(after)), "stored", "now")


def masked(words: str) -> str:
    """A text with every number replaced, and the space around it."""
    return re.sub(r"\s*-?\d[\d,.]*(e[+-]?\d+)?\s*", " # ", words)


def alike(before: str, after: str) -> bool:
    """Whether two pictures have the same shapes and text, each number within half a point."""
    if NUMBER.sub("#", before) != NUMBER.sub("#", after):
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(after), strict=True)
    return all(a == b or abs(float(a) - float(b)) <= DRAWN_WITHIN for a, b in pairs)


def text(path: Path) -> str:
    """The text of a file, empty if there is none."""
    return path.read_text() if path.exists() else ""


def first_difference(a: str, b: str, name_a: str, name_b: str) -> str:
    """The first line that differs between two texts, or an empty string."""
    if a == b:
        return ""
    lines = list(difflib.ndiff(a.splitlines(), b.splitlines()))
    left = next((line[2:] for line in lines if line.startswith("- ")), "(nothing)")
    right = next((line[2:] for line in lines if line.startswith("+ ")), "(nothing)")
    return f"{name_a}: {left.strip()!r}, {name_b}: {right.strip()!r}"


def orphans(output: Path = OUTPUT) -> list[str]:
    """A line for each stored chapter or file that no code makes."""
    found = []
    for folder in sorted(output.glob("*/*")):
        chapter, side = folder.parent.name, folder.name
        try:
            cells_of(chapter, side)
        except BookError as error:
            found.append(f"{folder.relative_to(output)} is stored, but {error}")
    return found
