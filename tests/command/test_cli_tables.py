"""Tests of the subcommands that show something: their tables, and their JSON for scripts."""

import importlib
import json
import subprocess
import sys

import pytest
from cli import googlenet

from common.jobs import environment
from common.jobs.frameworks import ALL, hidden
from common.networks import NETWORKS
from common.tools.doctor import left_out


def test_list():
    told = json.loads(googlenet("list", "--json"))
    assert [each["network"] for each in told] == list(NETWORKS)
    first = told[0]
    assert (first["parameters"], first["input"]) == (6_998_552, [3, 224, 224])
    assert {"origin", "multiply_adds"} <= first.keys()
    assert "6,998,552" in googlenet("list")


def test_summary():
    told = json.loads(googlenet("summary", "googlenet", "--aux", "--json"))
    layers = {layer["name"]: layer for layer in told["layers"]}
    assert told["parameters"] == 13_378_280
    assert told["trunk_parameters"] == 5_973_552
    assert layers["inception3a"]["parameters"] == 163_696
    assert layers["inception3a"]["output"] == [256, 28, 28]
    assert "aux2.fc2" in layers
    ten = json.loads(
        googlenet("summary", "googlenet", "--input", "1x224x224", "--classes", 10, "--json")
    )
    assert ten["parameters"] == 5_977_530
    assert "163,696" in googlenet("summary", "googlenet")


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["summary", "googlenet", "--aux"],
        ["summary", "inception_resnet_v2", "--aux"],
        ["summary", "xception", "--explain"],
        ["diff", "inception_v3", "inception_v3.keras"],
    ],
    ids=str,
)
def test_tables_fit_a_hundred_columns(words):
    assert max(map(len, googlenet(*words).splitlines())) <= 100


def test_explain_ends_in_the_published_number():
    assert "= 5,607,184: TF-Slim's own test" in googlenet("summary", "googlenet.slim", "--explain")


def test_diff_says_what_differs():
    told = googlenet("diff", "googlenet", "googlenet.torchvision")
    assert "kernel 5 vs. 3" in told
    assert "13,004,888" in told


@pytest.mark.parametrize("words", [["list"], ["summary", "googlenet"], ["--help"]], ids=str)
def test_no_framework_is_imported(words):
    code = (
        "import sys, common.command.main\n"
        f"sys.argv = ['googlenet', *{words!r}]\n"
        "try: common.command.main.main()\n"
        "except SystemExit: print([name for name in sys.modules if '.' not in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "'numpy'" in loaded
    for package in ("torch", "tensorflow", "paddle", "keras", "sklearn"):
        assert f"'{package}'" not in loaded


def test_what_a_framework_need_not_import_is_hidden_for_so_long():
    with hidden(["tabnanny"]), pytest.raises(ImportError):
        importlib.import_module("tabnanny")
    assert importlib.import_module("tabnanny")


def test_doctor_knows_every_framework():
    told = json.loads(googlenet("doctor", "--json"))
    assert told["frameworks"].keys() == ALL.keys()
    assert told["frameworks"]["numpy"]["starts"]
    assert "TensorFlow before Paddle" in told["would_crash"]


def test_doctor_names_the_settings_that_a_processor_lacks(tmp_path, monkeypatch):
    info = tmp_path / "cpuinfo"
    monkeypatch.setattr(environment, "CPU_INFO", info)
    assert [line.partition(":")[0] for line in left_out()] == ["MKL_DEBUG_CPU_TYPE"]
    info.write_text("vendor_id : GenuineIntel\nflags : avx2\n")
    assert [line.split()[0] for line in left_out()] == ["MKL_DEBUG_CPU_TYPE:", "--precision"]
    info.write_text("vendor_id : AuthenticAMD\nflags : avx512_bf16\n")
    assert left_out() == []
