"""The cells of the book's code, and the outputs that are stored beside them."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jupytext

BOOK = Path(__file__).parents[1]
CODE = BOOK / "code"
OUTPUT = BOOK / "output"
FRAMEWORKS = {"pytorch": "PyTorch", "tensorflow": "Keras", "paddle": "Paddle"}
FIGURES = "figures"  # the file of a chapter whose cells need no framework
HEADER = re.compile(r"^# %% (\S+)", re.M)


class BookError(Exception):
    """The book is wrong; the message says where and how."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One named cell of a chapter's file.

    `same` marks text that must be equal in the three frameworks, `measured` marks figures that
    differ from run to run, such as times.
    """

    name: str
    source: str
    line: int
    same: bool
    measured: bool


def chapters() -> list[str]:
    """The names of the chapters, as 01_counting."""
    return sorted(path.name for path in CODE.iterdir() if path.is_dir())


def sides(chapter: str) -> list[str]:
    """The files of a chapter: the frameworks, then the figures where there are any."""
    figures = [FIGURES] if code_file(chapter, FIGURES).exists() else []
    return [*FRAMEWORKS, *figures]


def code_file(chapter: str, side: str) -> Path:
    """The file with the cells of a chapter in a framework, or of its figures."""
    return CODE / chapter / f"{side}.py"


def read_cells(path: Path) -> list[Cell]:
    """The cells of a file in order.

    Raises:
        BookError: For a cell without a name, or a name that occurs twice.
    """
    return list(parse_cells(path.read_text(), path))


@cache
def parse_cells(text: str, path: Path) -> tuple[Cell, ...]:
    """The cells in the text of a file; kept, since each page asks for them many times."""
    starts = {match[1]: text.count("\n", 0, match.start()) + 2 for match in HEADER.finditer(text)}
    found = []
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        if cell.cell_type != "code":
            raise BookError(f"{path}: prose belongs in the chapter's pages, not in its code")
        name, tags = cell.metadata.get("title"), cell.metadata.get("tags", [])
        if name not in starts:
            raise BookError(f"{path}: a cell has no name: {cell.source.splitlines()[0]!r}")
        if any(name == other.name for other in found):
            raise BookError(f"{path}: two cells are named {name}")
        found.append(
            Cell(
                name=name,
                source=cell.source,
                line=starts[name],
                same="same" in tags,
                measured="measured" in tags,
            )
        )
    return tuple(found)


def cells_of(chapter: str, side: str) -> dict[str, Cell]:
    """The cells of a chapter's file by name."""
    path = code_file(chapter, side)
    if not path.exists():
        raise BookError(f"{path} is missing")
    return {cell.name: cell for cell in read_cells(path)}


def printed(chapter: str, side: str, cell: str) -> str:
    """The stored text that a cell printed, or an empty string."""
    path = OUTPUT / chapter / side / f"{cell}.txt"
    return path.read_text() if path.exists() else ""


def drawn(chapter: str, side: str, cell: str) -> list[Path]:
    """The stored pictures that a cell drew."""
    folder = OUTPUT / chapter / side
    return sorted([*folder.glob(f"{cell}.svg"), *folder.glob(f"{cell}-[0-9].svg")])


def same_cells(chapter: str) -> list[str]:
    """The order and marks of cells, which the three frameworks share; returns the `same` ones.

    Raises:
        BookError: If the files differ in names, order or marks.
    """
    first, *others = FRAMEWORKS
    wanted = [(c.name, c.same, c.measured) for c in cells_of(chapter, first).values()]
    for other in others:
        found = [(c.name, c.same, c.measured) for c in cells_of(chapter, other).values()]
        if found != wanted:
            part = next(iter(set(wanted) ^ set(found)), "their order")
            raise BookError(f"{chapter}: the cells of {first} and {other} differ: {part}")
    return [name for name, same, _ in wanted if same]


def value(chapter: str, words: str) -> str:
    """The number that a cell printed: `words` is "cell: the beginning of the line".

    The rest of that line is returned; "cell: the beginning [2]" takes its second word (from 1).
    Text that is not the same in all frameworks is named as "tensorflow/cell: ...", a different
    chapter's as "03_googlenet/pytorch/cell: ...".

    Raises:
        BookError: If not exactly one line begins so.
    """
    place, _, key = words.partition(": ")
    *rest, cell = place.split("/")
    chapter = next((part for part in rest if part in chapters()), chapter)
    side = next((part for part in rest if part in (*FRAMEWORKS, FIGURES)), None)
    if side is None:
        side = first_side(chapter, cell)
    index = re.search(r" \[(\d+)\]$", key)
    key = key[: index.start()] if index else key
    lines = [line.strip() for line in printed(chapter, side, cell).splitlines()]
    found = [line[len(key) :].strip(" :=") for line in lines if line.startswith(key)]
    if len(found) != 1:
        raise BookError(f"{chapter}/{side}/{cell}: {len(found)} lines begin with {key!r}")
    return found[0].split()[int(index[1]) - 1] if index else found[0]


def first_side(chapter: str, cell: str) -> str:
    """Where a cell's output is the one to quote: the figures', or what all frameworks printed."""
    if code_file(chapter, FIGURES).exists() and cell in cells_of(chapter, FIGURES):
        return FIGURES
    if not cells_of(chapter, "pytorch")[cell].same:
        raise BookError(f"{chapter}/{cell}: say whose output, as pytorch/{cell}")
    return "pytorch"
