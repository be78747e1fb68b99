"""Names from files are escaped before they reach a terminal, in every table and line."""

import json
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from cli import call

from common.command import check_report, scores, show
from common.command.documents import json_text
from common.command.printable import print_line, printable
from common.command.progress import progress
from common.errors import DataError

NAMES = {
    "\x1b[31mred\x1b]0;title\x07": r"\x1b[31mred\x1b]0;title\x07",
    "\x9b2J\x7f\x00\t\r\n": r"\x9b2J\x7f\x00\t\r\n",
    "\u202egnp.exe\u2066\u200b\u2028": r"\u202egnp.exe\u2066\u200b\u2028",
    "a\udcff": r"a\xff",
    "[red]x[/red] [/] :smile:": "[red]x[/red] [/] :smile:",
    "naïve 图": "naïve 图",
}


def print_many(name):
    check_report.print_many([(name, DataError(f"{name}: no"))])


def print_verdict(name):
    step = SimpleNamespace(path="conv1", is_conv_unit=True, children=())
    root = SimpleNamespace(children=[step])
    spec = SimpleNamespace(name="googlenet", origin="paper", input=(3, 8, 8), classes=2, aux=False)
    plan = SimpleNamespace(spec=spec, parameter_count=1, roots=lambda: [root], body=root, heads={})
    different = SimpleNamespace(
        layer="conv1", what="kernel", yours=name, table="3", effect=None, lines=(), also_in=(name,),
        places=(name,), kind="mistake",
    )  # fmt: skip
    found = SimpleNamespace(
        plan=plan,
        parameters=1,
        decisions=[different],
        trace=SimpleNamespace(
            notes=[name], image=np.zeros((1, 3, 8, 8)), after=(), drops=(), outputs=[0]
        ),
        unused=[name],
        same=["googlenet"],
        in_training=(),
    )
    check_report.print_verdict(name, found)


def print_scores(name):
    figures = {"top1": 1, "top5": 1, "loss": 0, "images": 1}
    names = [name, "other"]
    scores.print_scores(figures | {"confusion": np.eye(2, dtype=int)}, names, names, 2)


def print_error_of_a_framework(name):
    found = {"starts": False, "error": name}
    about = dict.fromkeys(["python", "cores", "threads", "platform", "would_crash"], "1")
    show.print_diagnosis(
        about | {"frameworks": {"x": found}, "settings": {}, "left_out": [], "packages": {}}
    )


def print_progress(name):
    with progress() as report_progress:
        report_progress(name, "running")


PRINTERS = (
    print_line, print_many, print_verdict, print_scores, print_error_of_a_framework, print_progress
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("show_it", PRINTERS)
def test_names_are_escaped(capsys, show_it, name):
    show_it(name)
    shown = "".join(capsys.readouterr())
    assert NAMES[name] in shown
    assert shown.replace("\n", "").isprintable()


def test_names_in_files_and_of_files_are_escaped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile, escaped = next(iter(NAMES.items()))
    arrays = {"conv1.conv.weight": np.ones((64, 3, 7, 7), "f4"), hostile: np.ones(2, "f4")}
    file = f"{hostile}.pdparams"
    (tmp_path / file).write_bytes(pickle.dumps(arrays, protocol=4))
    code, out, _ = call("identify", file)
    assert code == 1
    assert f"unknown: {escaped}" in out
    assert f"{escaped}.pdparams is not a network" in out
    code, _, error = call("identify", f"gone{hostile}")
    assert error.startswith(f"googlenet: gone{escaped}: ")
    assert (out + error).replace("\n", "").isprintable()


def test_json_has_neither_control_characters_nor_nan():
    document = {"names": [*NAMES], "numbers": (float("nan"), -float("inf"), 1.5, 2)}
    text = json_text(document)
    assert text.replace("\n", "").isprintable()
    assert json.loads(text) == {"names": [*NAMES], "numbers": [None, None, 1.5, 2]}


def test_what_is_printable_stays():
    assert printable(" azAZ09~ é 图 🙂") == " azAZ09~ é 图 🙂"
