"""The book's cells run, and print and draw what is stored."""

import subprocess
import sys
from pathlib import Path

import bookcode
import cells
import pytest
from conftest import installed

from common.jobs.call import ROOT

SHORT = ("01", "10")  # the chapters that `make test-all` runs


def run(script, *arguments, **options):
    """A script of the builder, run to its end."""
    command = [sys.executable, str(bookcode.BUILDER / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


def check(chapter):
    """Runs a chapter's cells; they must print and draw what is stored."""
    done = run("run.py", "--check", chapter, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("chapter", [c for c in cells.chapters() if c.startswith(SHORT)])
def test_the_cells_print_and_draw_what_is_stored(chapter):
    check(chapter)


def execute(tmp_path, text):
    """The process that ran a file with this text, and the folder of its outputs."""
    file = tmp_path / "01_one" / "pytorch.py"
    file.parent.mkdir()
    file.write_text(text)
    return run("execute.py", file, tmp_path / "out"), tmp_path / "out"


def test_cells_share_one_namespace_and_each_has_its_output(tmp_path):
    done, out = execute(tmp_path, "# %% one\nx = 2\nprint(x)\n\n# %% two\nx + 1\n\n# %% three\n")
    assert done.returncode == 0, done.stderr
    assert {p.name: p.read_text() for p in out.iterdir()} == {"one.txt": "2\n", "two.txt": "3\n"}


def test_figures_are_stored_as_pictures_whose_text_is_text(tmp_path):
    drawing = "from matplotlib import pyplot as plt\nplt.figure()\nplt.title('loss')\nNone"
    done, out = execute(tmp_path, f"# %% draw\n{drawing}\n")
    assert done.returncode == 0, done.stderr
    assert ">loss<" in (out / "draw.svg").read_text()
    assert [p.name for p in out.iterdir()] == ["draw.svg"]


def test_a_cell_that_fails_is_named_with_its_line(tmp_path):
    done, _ = execute(tmp_path, "# %% one\nx = 2\n\n# %% two\n\ny = x\ny / 0\n")
    assert done.returncode == 1
    assert done.stdout.strip() == (
        "01_one, pytorch, cell two, line 7: ZeroDivisionError: division by zero"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# %%\nx = 1\n", "a cell has no name"),
        ("# %% one\nx = 1\n\n# %% one\nx = 2\n", "two cells are named one"),
        ("# %% [markdown]\n# prose\n", "prose belongs in the chapter's pages"),
    ],
)
def test_malformed_files_are_named(tmp_path, text, line):
    path = tmp_path / "x.py"
    path.write_text(text)
    with pytest.raises(cells.BookError, match=line):
        cells.read_cells(path)


def test_an_unknown_chapter_is_named():
    done = run("run.py", "77")
    assert (done.returncode, done.stderr.splitlines()[-1][:26]) == (1, "no chapter is named 77; th")


@pytest.mark.parametrize("framework", cells.FRAMEWORKS)
def test_a_notebook_runs_from_top_to_bottom(tmp_path, framework):
    import nbformat
    from notebooks import Page

    assert installed(framework)
    notebook = Page("01_counting", "zh", framework).notebook()
    nbformat.validate(notebook)
    stored = [said(c) for c in notebook.cells]
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = []
    path = tmp_path / "chapter.ipynb"
    nbformat.write(notebook, path)
    command = [Path(sys.executable).with_name("jupyter-execute"), path, "--inplace"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert any(stored)
    assert [said(c) for c in nbformat.read(path, 4).cells] == stored


def said(cell):
    """The text that a notebook's cell printed."""
    return "".join(o.get("text", "") for o in cell.get("outputs", []) if o.get("name") == "stdout")
