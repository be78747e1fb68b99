"""Every subcommand refuses an unwritable output before it starts work, and creates nothing."""

import os
from typing import get_type_hints

import pytest
from cli import googlenet

from common.command import verbs  # noqa: F401 - adds them
from common.command.app import app

NETWORK = ["googlenet"]
WEIGHTS, INPUT = ["--weights", "w.safetensors"], ["--input", "x.npy"]
# The subcommands that write files, by output option: their other arguments and the file ending.
VERBS = {
    ("init", "--out"): (NETWORK, ".safetensors"),
    ("run", "--out"): ([*NETWORK, "-f", "numpy", *WEIGHTS, *INPUT], ".npz"),
    ("grad", "--out"): ([*NETWORK, "-f", "pytorch", *WEIGHTS, *INPUT, "--labels", "l.npy"], ".npz"),
    ("convert", "DST"): (["w.safetensors", "--network", "googlenet"], ".safetensors"),
    ("export", "--out"): ([*NETWORK, *WEIGHTS], ".onnx"),
    ("source", "--out"): ([*NETWORK, "-f", "pytorch"], ".py"),
    ("diff", "--html"): (["googlenet", "googlenet.paper"], ".html"),
    ("compare", "--html"): ([*NETWORK, "-f", "pytorch"], ".html"),
    ("page", "--out"): ([*NETWORK, "-f", "pytorch"], ".html"),
    ("bench", "--csv"): (["--quick", "-f", "pytorch"], ".csv"),
    ("bench", "--svg"): (["--quick", "-f", "pytorch"], ".svg"),
    ("bench", "--html"): (["--quick", "-f", "pytorch"], ".html"),
    ("predict", "--csv"): (["w.safetensors", "a.png"], ".csv"),
    ("evaluate", "--csv"): (["w.safetensors"], ".csv"),
    ("check", "--report"): (["net.py"], ".json"),
    ("check", "--csv"): (["net.py"], ".csv"),
    ("check", "--html"): (["net.py"], ".html"),
}
FOLDERS = {("train", "out"), ("compare", "out"), ("exercise", "out")}  # made by the command


def command_line(verb, option, out):
    """The command line of a subcommand, with its output at `out`."""
    words, _ = VERBS[verb, option]
    return [verb, *words[:1], out, *words[1:]] if option == "DST" else [verb, *words, option, out]


READ = {"bench", "image", "input", "labels", "recipe", "rubric", "runs", "source", "weights"}


def test_every_verb_that_writes_is_here():
    found = set()
    for info in app.registered_commands:
        hints = get_type_hints(info.callback)
        paths = {name for name, hint in hints.items() if "Path" in str(hint)} - READ
        found |= {(info.name or info.callback.__name__, name) for name in paths}
    here = {(verb, option.replace("DST", "target").lstrip("-")) for verb, option in VERBS}
    assert found == here | FOLDERS


WORK = (
    "common.jobs.call.Worker.__init__",
    "common.command.init.initial_arrays",
    "common.command.convert.convert_file",
    "common.command.explain.print_difference",
    "common.command.source.import_printer",
    "common.command.export.open_trained",
    "common.command.predict.open_trained",
    "common.command.evaluate.open_trained",
    "common.command.compare_training.starting_weights",
    "common.data.images.batch",
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, which holds only one file; all work is patched to fail."""

    def work(*_, **__):
        raise AssertionError("the work has begun")

    for place in WORK:
        monkeypatch.setattr(place, work)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("old")
    return tmp_path


def hinder(out, bad):
    """Creates something at an output's path that the output cannot replace."""
    match bad:
        case "folder":
            out.mkdir()
        case "pipe":
            os.mkfifo(out)
        case "loop":
            out.symlink_to(out.name)


BAD = {
    "no folder": ("none/x", "folder "),
    "in a file": ("file/x", "Not a directory"),
    "folder": ("x", "it is a folder"),
    "pipe": ("x", "it is not a regular file but a device, pipe or socket"),
    "loop": ("x", "Too many levels of symbolic links"),
    "long": ("x" * 300, "File name too long"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(("verb", "option"), VERBS)
def test_what_cannot_be_written_is_refused_before_the_work(folder, verb, option, bad):
    name, reason = BAD[bad]
    out = name + VERBS[verb, option][1]
    hinder(folder / out, bad)
    before = sorted(folder.rglob("*"))
    line = googlenet(*command_line(verb, option, out), code=4)
    assert f"{out}: cannot be written: {reason}" in line
    assert sorted(folder.rglob("*")) == before


def test_what_may_not_be_written_is_refused(folder, monkeypatch):
    """The superuser may write everywhere, so the system's answer is patched."""
    for closed in (folder, folder / "x.npz"):
        (folder / "x.npz").touch()
        monkeypatch.setattr("os.access", lambda path, _, closed=closed: str(path) != str(closed))
        line = googlenet(*command_line("run", "--out", "x.npz"), code=4)
        assert "x.npz: cannot be written: no permission" in line


@pytest.mark.parametrize(
    "words",
    [
        ["init", "googlenet", "--from", "x", "--out", "x"],
        ["run", "googlenet", "-f", "numpy", "--weights", "x", "--input", "y", "--out", "./x"],
        ["run", "googlenet", "-f", "numpy", "--weights", "y", "--input", "x", "--out", "link"],
        ["grad", "googlenet", "-f", "pytorch", *WEIGHTS, *INPUT, "--labels", "x", "--out", "x"],
        ["convert", "x", "x", "--network", "googlenet"],
        ["export", "googlenet", "--weights", "x.onnx", "--out", "x.onnx"],
        ["compare", "--image", "x", "--html", "x"],
        ["page", "--image", "y", "--image", "x", "--out", "x"],
        ["page", "--bench", "x", "--out", "x"],
        ["check", "x.py", "--report", "x.py"],
        ["check", "x.py:Net", "--report", "x.py"],
    ],
    ids=" ".join,
)
def test_an_input_is_never_the_output(folder, words):
    for name in ("x", "x.py", "x.onnx"):
        (folder / name).write_text("precious")
    (folder / "link").symlink_to("x")
    assert "is one of the inputs" in googlenet(*words, code=2)


def test_two_outputs_are_two_files():
    line = googlenet("bench", "--quick", "--csv", "x", "--html", "./x", code=2)
    assert line == "googlenet: x is given for two outputs; give it another name\n"


def test_runs_that_cannot_be_begun_are_refused_before_the_first(folder):
    words = "compare", "--train", "-f", "pytorch", "-f", "paddle", "--out"
    assert "is not a writable folder" in googlenet(*words, "file/runs", code=4)
    (folder / "runs" / "paddle").mkdir(parents=True)
    (folder / "runs" / "paddle" / "recipe.toml").touch()
    assert "runs/paddle: a run already exists" in googlenet(*words, "runs", code=2)
