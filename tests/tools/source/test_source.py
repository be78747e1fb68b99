"""The source printed for every network is short, passes ruff, and needs no framework imported."""

import re
import subprocess
import sys

import pytest
from cli import googlenet

from common.jobs.call import ROOT
from common.jobs.frameworks import ALL, FRAMEWORKS
from common.networks import NETWORKS, network
from common.spec.planner import make_plan
from common.tools.source.printer import import_printer

LONGEST = {"googlenet": 111, "inception_v4": 220}  # upper bounds on the number of lines
OTHERS = {"features": {"classes": 0}, "small": {"classes": 3, "input": (1, 160, 129)}}


def plans():
    """Yields every network by a file name: as published, with its heads, and with other options."""
    for name in NETWORKS:
        heads = {"heads": {"aux": True}} if network(name).heads else {}
        for what, options in ({"plain": {}} | heads | OTHERS).items():
            yield f"{name.replace('.', '_')}_{what}", make_plan(network(name, **options))


def test_ruff_has_nothing_to_say(tmp_path):
    for name, plan in plans():
        for framework in FRAMEWORKS:
            text = import_printer(framework).source(plan).text
            (tmp_path / f"{framework}_{name}.py").write_text(text)
    for verb in (["format", "--check"], ["check", "--no-cache"]):
        command = [sys.executable, "-m", "ruff", *verb, "--config", ROOT / "pyproject.toml"]
        done = subprocess.run([*command, tmp_path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("aux", [False, True], ids=["plain", "aux"])
@pytest.mark.parametrize("name", LONGEST)
def test_it_is_short(name, aux):
    plan = make_plan(network(name, aux=aux))
    lines = {f: len(import_printer(f).source(plan).text.splitlines()) for f in FRAMEWORKS}
    assert max(lines.values()) < LONGEST[name], lines


def test_it_is_printed_without_any_framework():
    packages = [ALL[framework].package for framework in FRAMEWORKS] + ["keras"]
    code = f"""
import sys
from common.jobs.frameworks import FRAMEWORKS
from common.tools.source.printer import import_printer
from common.networks import network
from common.spec.planner import make_plan
for framework in FRAMEWORKS:
    import_printer(framework).source(make_plan(network("inception_v3", aux=True)))
print([name for name in {packages} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_what_is_repeated_is_written_once():
    text = import_printer("pytorch").source(make_plan(network("inception_v4"))).text
    assert text.count("class ModuleB(") == 1
    assert 'for letter in "bcdefgh":  # 1024 x 17 x 17' in text
    text = import_printer("paddle").source(make_plan(network("inception_resnet_v2"))).text
    assert "*[Block17() for _ in range(20)]" in text


def test_arguments_are_named_and_left_out_as_a_person_would():
    def text(framework, name):
        return import_printer(framework).source(make_plan(network(name))).text

    for framework in ("pytorch", "paddle"):
        googlenet, v3 = text(framework, "googlenet"), text(framework, "inception_v3")
        assert "reduce3: int, ch3: int, reduce5: int, ch5: int, proj: int\n" in googlenet
        assert "padding=kernel // 2" in googlenet
        assert "def __init__(self, c: int) -> None:" in v3  # the name that the table uses
        assert "ConvNorm(c, c, (1, 7), padding=(0, 3))" in v3
    assert "reduce3b: int, ch3b: int" in text("tensorflow", "googlenet.torchvision")
    assert "layers.ZeroPadding2D(3)(x)" in text("tensorflow", "googlenet")


def test_a_block_in_keras_stands_where_it_is_used_once():
    text = import_printer("tensorflow").source(make_plan(network("inception_resnet_v2"))).text
    functions = re.findall(r"^def (\w+)", text, re.MULTILINE)
    assert [name for name in functions if name.startswith("block35")] == ["block35"]
    assert "y = layers.Rescaling(0.17)(y)" in text


def test_the_command_prints_or_writes_it(tmp_path):
    out = tmp_path / "net.py"
    said = googlenet("source", "xception", "-f", "paddle", "--classes", 7, "--out", out)
    assert said.startswith(f"{out}: xception, ")
    assert "classes: int = 7" in out.read_text()
    printed = googlenet("source", "xception", "-f", "paddle", "--classes", 7)
    assert printed == out.read_text()


def test_mistakes_are_one_line_and_nothing_is_written(tmp_path):
    out = "--out", tmp_path / "net.py"
    assert "unknown network" in googlenet("source", "lenet", "-f", "paddle", *out, code=2)
    assert "unknown framework" in googlenet("source", "googlenet", "-f", "jax", *out, code=2)
    few = "--input", "3x8x8"
    assert "needs at least" in googlenet(
        "source", "inception_v4", "-f", "pytorch", *few, *out, code=2
    )
    assert "must end in .py" in googlenet(
        "source", "xception", "-f", "pytorch", "--out", tmp_path / "net", code=2
    )
    nowhere = tmp_path / "no" / "net.py"
    line = googlenet("source", "xception", "-f", "pytorch", "--out", nowhere, code=4)
    assert "does not exist" in line
    assert list(tmp_path.iterdir()) == []


def test_the_module_shown_in_the_documents_is_printed():
    shown = (ROOT / "docs" / "networks.md").read_text().partition("```python\n")[2].partition("```")
    assert shown[0] in import_printer("pytorch").source(make_plan(network("inception_v4"))).text
