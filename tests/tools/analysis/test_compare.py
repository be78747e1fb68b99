"""All frameworks at once, one process each: the verdict, a gradient, and failures."""

import json
import subprocess
import sys

import numpy as np
import pytest
from cli import googlenet
from conftest import noise, planned, require, seeded

from common.errors import CheckFailed, DataError, MissingFramework
from common.files import weights
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import Report
from common.jobs.network_work import find_endpoints
from common.networks import NETWORKS, network
from common.reference import network as reference
from common.reference.numerics import relative_difference
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout
from common.tools.analysis.compare import Comparison, FrameworkResult, compare, make_rows

REPORT = Report(
    arrays={}, version="1.0", parameters=0, import_seconds=0.1, seconds=0.2, megabytes=100
)


@pytest.fixture
def all_frameworks():
    """Skips the test, or fails it in CI, unless all frameworks are installed."""
    for framework in FRAMEWORKS:
        require(framework)


@pytest.mark.usefixtures("all_frameworks")
def test_the_main_job_says_equal():
    command = [sys.executable, "-m", "common.command.main", "compare", "--aux"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("EQUAL: pytorch, tensorflow, paddle match")
    assert max(map(len, lines)) <= 100
    assert "13,378,280" in done.stdout
    assert "5,973,552" in done.stdout
    assert done.stderr.splitlines()[1:] == [f"{name}: computing" for name in FRAMEWORKS]


@pytest.mark.usefixtures("all_frameworks")
def test_the_main_job_in_float64_as_json():
    command = [
        sys.executable,
        "-m",
        "common.command.main",
        "compare",
        "--dtype",
        "float64",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["equal"]
    assert told["failures"] == []
    assert [layer["name"] for layer in told["layers"]][:2] == ["conv1", "maxpool1"]
    for layer in told["layers"]:
        for framework in FRAMEWORKS:
            held = layer["frameworks"][framework]
            assert held["shape"] == layer["output"]
            assert 0 <= held["difference"] <= 1e-12
    for framework in FRAMEWORKS:
        assert told["workers"][framework]["parameters"] == 6_998_552


@pytest.fixture(scope="module")
def batch_to_learn(tmp_path_factory):
    """Files of a small network's weights, a batch and labels, and the reference's gradients."""
    folder, plan = tmp_path_factory.mktemp("grad"), planned(size=(96, 96), aux=True, classes=10)
    weights.write(folder / "w", seeded(plan), plan)
    np.save(folder / "x.npy", noise(plan))
    np.save(folder / "y.npy", np.array([3, 7]))
    plan = make_plan(without_dropout(plan.spec))
    net = reference.load_network(plan, seeded(plan), "float64")
    files = ("--weights", folder / "w", "--input", folder / "x.npy", "--labels", folder / "y.npy")
    return files, reference.grad(net, noise(plan), np.array([3, 7]))


@pytest.mark.parametrize("framework", ["numpy", *FRAMEWORKS])
def test_the_grad_command_gives_the_gradients_of_the_reference(batch_to_learn, framework, tmp_path):
    require(framework)
    files, expected = batch_to_learn
    options = (*files, "--out", tmp_path / "g.npz", "--dtype", "float64", "--aux")
    googlenet("grad", "googlenet", "-f", framework, *options)
    arrays = np.load(tmp_path / "g.npz")
    assert arrays.keys() == expected.keys()
    assert max(relative_difference(arrays[name], expected[name]) for name in expected) <= 1e-10


def comparison(**results):
    """A comparison of made-up results, for two small images."""
    plan = planned(size=(64, 64), classes=4)
    return Comparison(
        plan=plan,
        dtype="float64",
        images=("a.png",),
        rows=make_rows(plan),
        reference=REPORT,
        results=results,
    )


def equal_result(**changes):
    """A result in which everything is as planned, except for the changes."""
    outputs = {name: shape for row in comparison().rows for name, shape in row.outputs.items()}
    report = Report(
        arrays={},
        version="1.0",
        parameters=comparison().plan.parameter_count,
        import_seconds=0.1,
        seconds=0.2,
        megabytes=100,
    )
    given = {"shapes": outputs, "differences": dict.fromkeys(outputs, 0.0), "report": report}
    return FrameworkResult(**given | changes)


def test_an_equal_side_passes():
    assert comparison(paddle=equal_result()).failures() == []


@pytest.mark.parametrize("wrong", [1e-11, float("nan"), float("inf")])
def test_one_wrong_value_deep_inside_a_block_fails(wrong):
    result = equal_result()
    result.differences["inception4c.branch3.0"] = wrong
    assert comparison(paddle=result).failures() == [f"paddle: inception4c differs by {wrong:.1e}"]
    with pytest.raises(CheckFailed):
        comparison(paddle=result).raise_if_failed()


def test_one_wrong_shape_fails():
    result = equal_result()
    result.shapes = result.shapes | {"maxpool4": (832, 4, 4)}
    assert comparison(paddle=result).failures() == ["paddle: maxpool4 is 832x4x4, not 832x2x2"]


def test_one_parameter_too_many_fails():
    result = equal_result(report=REPORT)
    assert "paddle: counts 0 parameters, not 5,977,652" in comparison(paddle=result).failures()[0]


def test_a_missing_framework_is_not_a_failed_check():
    missing = FrameworkResult(error=MissingFramework("paddle is not installed"))
    with pytest.raises(MissingFramework):
        comparison(paddle=missing, pytorch=equal_result()).raise_if_failed()
    with pytest.raises(CheckFailed):
        comparison(paddle=missing, pytorch=equal_result(report=REPORT)).raise_if_failed()


def test_a_failure_says_whose_it_is_once():
    for message in ("w: cannot be read", "paddle: w: cannot be read"):
        failed = comparison(paddle=FrameworkResult(error=DataError(message)))
        assert failed.failures() == ["paddle: w: cannot be read"]


def test_arrays_of_another_shape_are_never_near():
    assert np.isnan(relative_difference(np.ones((2, 3)), np.ones((2, 1))))
    assert relative_difference(np.array([1.0, 4.0]), np.array([1.0, 5.0])) == pytest.approx(0.2)


def test_a_worker_that_dies_is_a_row_in_the_table(tmp_path, monkeypatch, capsys):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch': os.kill(os.getpid(), 11)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    plan = planned(size=(32, 32), classes=4)
    done = compare(plan, noise(plan), ["noise"], ["pytorch"], "float64", False, lambda *_: None)
    assert done.failures() == ["pytorch: the worker was terminated by signal 11, SIGSEGV"]
    from common.command import show

    show.print_comparison(done)
    printed = capsys.readouterr().out.splitlines()
    assert "pytorch: the worker was terminated by signal 11, SIGSEGV" in printed
    assert printed[-1] == "NOT COMPARED: pytorch"
    assert max(map(len, printed)) <= 100


def test_without_a_choice_what_is_installed_is_compared(monkeypatch, capsys):
    from common.command import compare as command

    monkeypatch.setattr(command, "find_spec", lambda name: name == "torch" or None)
    assert command.installed() == ["pytorch"]
    error = capsys.readouterr().err
    assert "tensorflow is not installed; skipped" in error
    assert "paddle is not installed; skipped" in error
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    assert command.installed() == ["pytorch", "tensorflow", "paddle"]  # whose errors say more


def test_only_numbers_are_called_not_equal():
    from common.command.show import verdict

    failed = FrameworkResult(error=CheckFailed("paddle: out of memory"))
    equal = equal_result()
    assert verdict(comparison(pytorch=equal, paddle=failed)).endswith("; not compared: paddle")
    assert verdict(comparison(pytorch=equal, paddle=failed)).startswith("EQUAL: pytorch matches")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_row_has_something_to_be_compared(name):
    """This includes the steps between the maps and the result, which make vectors."""
    plan = make_plan(network(name))
    endpoints = {*find_endpoints(plan, "units"), plan.spec.output}
    assert all(row.outputs and row.outputs.keys() <= endpoints for row in make_rows(plan))
