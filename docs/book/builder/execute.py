"""Runs the cells of one file, one after the other in one namespace, as a notebook does.

Called as `execute.py FILE FOLDER`: what each cell prints and draws goes into the folder.
"""

import ast
import contextlib
import io
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from cells import Cell, read_cells

os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GLOG_minloglevel", "2")


def main(path: Path, folder: Path) -> int:
    """Runs all cells; returns 1 after naming the first that fails."""
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    for cell in read_cells(path):
        text = io.StringIO()
        try:
            with contextlib.redirect_stdout(text):
                pictures = run(cell, path, names)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in reversed(frames) if f.filename == str(path)), cell.line)
            reason = f"{type(error).__name__}: {error}"
            print(f"{path.parent.name}, {path.stem}, cell {cell.name}, line {line}: {reason}")
            return 3 if isinstance(error, ModuleNotFoundError) else 1
        store(folder, cell.name, text.getvalue(), pictures)
    return 0


def run(cell: Cell, path: Path, names: dict[str, Any]) -> list[str]:
    """Runs one cell and returns its pictures: all figures of matplotlib, and the last value's."""
    # Blank lines in front, so that an error's line is the line of the file.
    tree = ast.parse("\n" * (cell.line - 1) + cell.source, str(path))
    last = tree.body[-1] if tree.body else None
    value = None
    if isinstance(last, ast.Expr):
        exec(compile(ast.Module(tree.body[:-1], []), str(path), "exec"), names)
        value = eval(compile(ast.Expression(last.value), str(path), "eval"), names)
    else:
        exec(compile(tree, str(path), "exec"), names)
    if hasattr(value, "_repr_svg_"):
        return [*figures(), value._repr_svg_()]
    if value is not None:
        print(repr(value))
    return figures()


def figures() -> list[str]:
    """The SVG of every open figure of matplotlib, which are then closed."""
    if "matplotlib.pyplot" not in sys.modules:
        return []
    from matplotlib import pyplot, rcParams

    rcParams["svg.fonttype"] = "none"  # text stays text, so that it can be translated
    rcParams["svg.hashsalt"] = "book"
    found = []
    for number in pyplot.get_fignums():
        text = io.StringIO()
        pyplot.figure(number).savefig(
            text, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None}
        )
        found.append(text.getvalue())
    pyplot.close("all")
    return found


def store(folder: Path, name: str, text: str, pictures: list[str]) -> None:
    """Writes a cell's output; a cell that prints and draws nothing leaves no file."""
    folder.mkdir(parents=True, exist_ok=True)
    if text:
        (folder / f"{name}.txt").write_text("\n".join(map(str.rstrip, text.splitlines())) + "\n")
    for number, picture in enumerate(pictures, 1):
        ending = f"-{number}" if len(pictures) > 1 else ""
        (folder / f"{name}{ending}.svg").write_text(picture)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
