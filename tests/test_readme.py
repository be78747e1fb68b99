"""The README is up to date: it shows what the commands print."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import typer
from conftest import planned, require
from pictures import FOLDER, PICTURES, picture
from readme import (
    DOCUMENTS,
    EXCERPTS,
    README,
    ROOT,
    block,
    checked,
    excerpt,
    output,
    package_map,
)

from common.command import verbs  # noqa: F401
from common.command.app import app
from common.command.show import number, totals_lines
from common.networks import NETWORKS
from common.spec import Layer, shape_text
from common.tools.zoo.formats import FORMATS


@pytest.mark.parametrize("name", ["list", "diff"])
def test_what_is_shown_is_what_is_printed(name):
    assert block(name) == output(name)


def test_the_check_that_is_shown_is_what_is_printed():
    require("pytorch")
    assert block("check") == checked("check")


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_are_those_of_the_page(name):
    assert (FOLDER / f"{name}.svg").read_text() == picture(name)
    assert f"docs/pictures/{name}.svg" in README.read_text()


@pytest.mark.parametrize("framework", EXCERPTS)
def test_the_module_shown_is_the_one_in_the_code(framework):
    assert block(framework) == excerpt(framework)


def test_the_example_runs(tmp_path):
    require("paddle")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", block("example")],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "(2, 256, 28, 28) (2, 1000)\n", done.stderr


def test_the_kinds_of_layer_are_as_many_as_said():
    assert f"with {len(get_args(Layer))} layer types" in README.read_text().replace("\n", " ")


def test_the_map_is_that_of_the_code():
    assert block("map") == package_map("map")


def base_of(name):
    """The network that a variant belongs to."""
    return name.split(".")[0]


def test_the_networks_are_all_named():
    rows = re.findall(r"^\| \[.*\), \d+ \| (.*) \|$", README.read_text(), re.MULTILINE)
    named = []
    for name in re.findall(r"`([\w.]+)`", " ".join(rows)):
        named.append(base_of(named[-1]) + name if name.startswith(".") else name)
    assert named == list(NETWORKS)
    assert f"lists all {len(NETWORKS)}," in README.read_text()


def test_the_comparison_shown_has_every_row_of_the_plan():
    shown = block("compare")
    assert shown.splitlines()[-1].startswith("EQUAL: pytorch, tensorflow, paddle")
    assert totals_lines(planned()) in shown
    for name, version in re.findall(r"^ (pytorch|paddle) +([\d.]+)", shown, re.MULTILINE):
        package = {"pytorch": "torch", "paddle": "paddlepaddle"}[name]
        assert f"{package}=={version}\n" in (ROOT / "requirements.txt").read_text()
    for layer in planned().body.children:
        if layer.path not in ("flatten", "dropout"):
            [row] = [line for line in shown.splitlines() if line.split()[:1] == [layer.path]]
            counts = filter(None, [number(layer.parameter_count), number(layer.multiply_adds)])
            assert row.split()[1:-6] == [shape_text(layer.output), *counts]
            differences = [float(word) for word in re.findall(r"= (\S+)", row)]
            assert len(differences) == 3
            assert max(differences) < 1e-5


def test_every_format_is_listed():
    table = (ROOT / "docs" / "weights.md").read_text()
    assert [format.name for format in FORMATS if f"`{format.name}`" not in table] == []


def test_every_link_between_documents_lands():
    for path in (*DOCUMENTS, ROOT / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)", path.read_text()):
            assert (path.parent / link).exists(), (path.name, link)


def test_every_verb_and_option_is_in_the_table():
    table = (ROOT / "docs" / "command.md").read_text()
    for info in app.registered_commands:
        command = typer.main.get_command_from_info(
            info, pretty_exceptions_short=False, rich_markup_mode=None
        )
        row = " ".join(x for x in table.splitlines() if x.startswith(f"| `{command.name} "))
        options = [option for option in command.params if option.opts[0].startswith("-")]
        assert [o.name for o in options if not any(word in row for word in o.opts)] == []


def test_the_chinese_readme_has_the_same_commands():
    commands = {}
    for name in ("README.md", "README.zh-CN.md"):
        lines = (ROOT / name).read_text().splitlines()
        indented = [line.split("  #")[0].strip() for line in lines if line.startswith("    ")]
        commands[name] = {line for line in indented if re.match(r"(make|googlenet|\.venv)", line)}
    missing = commands["README.md"] ^ commands["README.zh-CN.md"]
    assert missing == {".venv/bin/googlenet train googlenet -f pytorch --data digits --out my-run"}
