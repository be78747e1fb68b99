"""Files as they lie in repositories: what `check` runs of them, without any framework."""

import json
import sys
from types import SimpleNamespace

import pytest

from common.errors import DataError
from common.tools.check.arguments import UNKNOWN, call_text, fill
from common.tools.check.detect import detect_framework
from common.tools.check.old_names import OldNames
from common.tools.check.source_lines import Lines
from common.tools.check.user_file import run_file


class Network:
    """Takes the place of a framework's base class."""


class Trainer:
    """Takes the place of what trains."""

    def fit(self):
        raise AssertionError("a network must not be trained")


CHECKER = SimpleNamespace(
    NETWORK=Network,
    TRAINING=((Trainer, "fit"),),
    OLD_NAMES=OldNames(title="Frame"),
)


@pytest.fixture(autouse=True)
def same_modules(monkeypatch):
    """Restores what running a file changes in this process."""
    modules = dict(sys.modules)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]


def run(path, text):
    """The file after running it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return run_file(path, CHECKER, Lines())


def test_a_module_that_is_not_installed_is_replaced(tmp_path):
    found = run(
        tmp_path / "mine.py",
        "import no_such_plots as plots\nfrom no_such_data.sets import load, Base, register\n"
        "class Own(Base):\n    kind = Base.kind\n@register('name')\ndef make(): return 7\n"
        "for each in load(): print(each)\nplots.figure().show()\nx = make()",
    )
    assert found.module.x == 7
    assert not found.failures
    assert "no_such_plots, no_such_data" in found.notes[0]


def test_a_base_class_that_is_not_installed_is_a_network(tmp_path):
    found = run(
        tmp_path / "mine.py",
        "from no_such_book import torch as d2l\nclass Net(d2l.Classifier):\n"
        "    def __init__(self, classes=10):\n        super().__init__()\n"
        "        self.save_hyperparameters()\n        self.net = lambda x: x + self.classes\n",
    )
    net = found.module.Net()
    assert isinstance(net, Network)
    assert net.forward(1) == 11


def test_an_import_that_the_file_itself_guards_is_left_alone(tmp_path):
    text = "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None"
    found = run(tmp_path / "mine.py", text)
    assert found.module.no_such_module is None


@pytest.mark.parametrize("init", [True, False])
def test_relative_imports_find_the_package_around_the_file(tmp_path, init):
    folder = tmp_path / "repo" / "models"
    folder.mkdir(parents=True)
    for each in (folder, folder.parent) if init else ():
        (each / "__init__.py").write_text("raise RuntimeError('not needed')")
    (folder / "blocks.py").write_text("from ..sizes import WIDTH\nBLOCK = WIDTH + 1")
    (folder.parent / "sizes.py").write_text("WIDTH = 8")
    found = run(folder / "mine.py", "from .blocks import BLOCK\nfrom ..sizes import WIDTH")
    assert (found.module.BLOCK, found.module.WIDTH, found.failures) == (9, 8, [])


def test_a_module_in_the_folder_above_is_found(tmp_path):
    (tmp_path / "layers_of_mine").mkdir()
    (tmp_path / "layers_of_mine" / "parts.py").write_text("PART = 3")
    found = run(tmp_path / "models" / "mine.py", "from layers_of_mine.parts import PART")
    assert (found.module.PART, found.notes) == (3, [])


def test_a_file_is_read_past_what_fails_or_trains(tmp_path):
    found = run(
        tmp_path / "mine.py",
        "from test_check_files import Trainer\ndata = open('no such file')\nx = 1\n"
        "try:\n    Trainer().fit()\nexcept Exception:\n    x = 2\ny = 3",
    )
    assert (found.module.x, found.module.y) == (1, 3)
    assert [line for line, _ in found.failures] == [2]
    assert any("line 4 trains or downloads" in note for note in found.notes)
    assert any("line 2 failed (FileNotFoundError" in note for note in found.notes)


def test_print_statements_of_python_2_are_read(tmp_path):
    found = run(tmp_path / "mine.py", "def f():\n    print 'made', 7\n    return 1\nx = f()\n")
    assert (found.module.x, found.failures) == (1, [])
    assert found.notes == ["written for Python 2; print statements are treated as function calls"]
    with pytest.raises(SyntaxError, match="print"):
        run(tmp_path / "other.py", "print 'made'\nx = = 1\n")


def test_a_notebook_is_read_cell_by_cell(tmp_path):
    cells = [
        "%matplotlib inline\n!pip install x\nx = 1",
        "%%bash\nls",
        "this is no code",
        "y = x + 1",
    ]
    made = [{"cell_type": "code", "source": [each]} for each in cells]
    text = json.dumps({"cells": [{"cell_type": "markdown", "source": ["# Net"]}, *made]})
    assert run(tmp_path / "mine.ipynb", text).module.y == 2
    with pytest.raises(DataError, match=r"mine\.ipynb: not a notebook"):
        run(tmp_path / "mine.ipynb", "{}")


def takes(in_planes, nclass, drop_rate, aux_logits, *, pretrained=True): ...


def also_takes(blocks, classes, hidden_units): ...


def takes_the_mode(is_train, train, training): ...


def test_arguments_are_filled_by_their_usual_names():
    given = fill(takes, (3, 224, 224), 1000, heads=False)
    assert given == {
        "pretrained": False, "in_planes": 3, "nclass": 1000, "drop_rate": 0.4, "aux_logits": False,
    }  # fmt: skip
    other = fill(also_takes, (3, 224, 224), 10, heads=False)
    assert other["blocks"] is UNKNOWN
    assert call_text("Net", other) == "Net(blocks=..., classes=10, hidden_units=512)"
    assert not any(fill(takes_the_mode, (3, 224, 224), 10, heads=False).values())


IMPORTS = {
    "import torch.nn as nn": "pytorch",
    "from paddle import nn": "paddle",
    "import tensorflow as tf\nimport numpy": "tensorflow",
    "from keras.layers import Dense": "tensorflow",
    "import numpy": "pytorch",
    "class (": "pytorch",
}


@pytest.mark.parametrize("text", IMPORTS)
def test_the_framework_is_told_by_the_imports(tmp_path, text):
    file = tmp_path / "mine.py"
    file.write_text(text)
    assert detect_framework(str(file)) == IMPORTS[text]


def test_old_modules_inside_old_modules_have_their_own_names():
    class Names:
        Conv = 7

    modules = dict.fromkeys(("no_such_frame", "no_such_frame.layers"), Names)
    notes = OldNames(title="Frame", modules=modules).install("import no_such_frame.layers")
    assert sys.modules["no_such_frame"].layers is sys.modules["no_such_frame.layers"]
    assert sys.modules["no_such_frame"].layers.Conv == 7
    names = "no_such_frame, no_such_frame.layers"
    assert notes == [f"uses names from an older Frame, mapped to the current ones: {names}"]
