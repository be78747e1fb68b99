"""All frameworks at once, a process each: the verdict, the gradients, and what fails."""

import itertools
import json
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from conftest import noise, planned, require, seeded
from gradients import FAMILY, GOOGLENETS, HEADS, LABELS, subject

from common import reference
from common.errors import CheckFailed, DataError, MissingFramework
from common.files import weights
from common.jobs.compare import Comparison, Side, compare, make_rows
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import Grad, Report
from common.jobs.worker import ROOT, call, environment
from common.reference import relative

REPORT = Report({}, "1.0", 0, 0.1, 0.2, 100)


@pytest.fixture
def all_frameworks():
    """Skips, or in CI fails, unless all are installed."""
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


# The subjects whose gradients one process a framework computes, when the first is wanted.
SLOPED = ("googlenet", "googlenet.paper", "googlenet.paddle")
GROUPS = (
    SLOPED,
    tuple(name for name in GOOGLENETS if name not in SLOPED),
    FAMILY[:5] + HEADS,
    FAMILY[5:],
)


def group_of(name):
    """The subjects whose gradients come together with this one's."""
    return next(group for group in GROUPS if name in group)


def grouped(names):
    """Test parameters, of which those of one group go to one test process."""
    marked = [(name, f"gradients of {group_of(name)[0]}'s group") for name in names]
    return [pytest.param(name, marks=pytest.mark.xdist_group(group)) for name, group in marked]


@pytest.fixture(scope="module")
def gradients(tmp_path_factory):
    """Loss and gradients in float64, from each framework for each network."""
    folder = tmp_path_factory.mktemp("gradients")

    @cache
    def computed(names):
        running = []
        for framework in FRAMEWORKS:
            require(framework)
            command = [sys.executable, "tests/gradients.py", framework, str(folder), *names]
            options = {"cwd": ROOT, "env": environment(), "stderr": subprocess.PIPE, "text": True}
            running.append(subprocess.Popen(command, **options))
        for process in running:
            _, told = process.communicate()
            assert process.returncode == 0, told[-2000:]

    def found(name):
        computed(group_of(name))
        return {f: dict(np.load(folder / f"{f}-{name}.npz")) for f in FRAMEWORKS}

    return found


# A bias that batch norm takes away again has no gradient but rounding.
BIAS = "block8.9.residual.branch.conv2d.bias"
NO_GRADIENT = dict.fromkeys(["inception_resnet_v2", "inception_resnet_v2.keras"], BIAS)


@pytest.mark.parametrize("name", grouped((*GOOGLENETS, *FAMILY, *HEADS)))
def test_gradients_are_equal(gradients, name):
    plan, found = subject(name), gradients(name)
    for arrays in found.values():
        shapes = {key: array.shape for key, array in arrays.items()}
        assert shapes == plan.parameters() | {"loss": ()}
    bound = 1e-10 if name in GOOGLENETS else 1e-9
    for one, other in itertools.combinations(FRAMEWORKS, 2):
        far = {key: relative(found[one][key], found[other][key]) for key in found[one]}
        if name in NO_GRADIENT:
            largest = max(np.abs(array).max() for array in found[one].values())
            assert np.abs(found[one][NO_GRADIENT[name]]).max() < 1e-9 * largest
            del far[NO_GRADIENT[name]]
        assert max(far.values()) <= bound, (one, other, max(far, key=far.get))


def judged_loss(plan, arrays):
    """The loss by its definition, from the judge's outputs: cross entropy, 0.3 for each head."""
    found = reference.run(reference.Reference(plan, arrays), noise(plan), [])
    total = 0.0
    for name, weight in {"logits": 1.0, "aux1": 0.3, "aux2": 0.3}.items():
        logits = found[name] - found[name].max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(logits).sum(axis=1))
        total += weight * np.mean(log_sum - logits[[0, 1], LABELS])
    return total


@pytest.mark.parametrize("name", grouped(SLOPED))
def test_gradients_are_the_slope_of_the_judges_loss(gradients, name):
    """Along one random direction; the step is too small for any ReLU to switch."""
    plan, found = subject(name), gradients(name)
    arrays = {key: array.astype(np.float64) for key, array in seeded(plan).items()}
    step, random = 1e-8, np.random.default_rng(9)
    way = {key: random.standard_normal(array.shape) * 0.01 for key, array in arrays.items()}
    ahead = judged_loss(plan, {key: arrays[key] + step * way[key] for key in arrays})
    behind = judged_loss(plan, {key: arrays[key] - step * way[key] for key in arrays})
    slope = (ahead - behind) / (2 * step)
    for framework, gradient in found.items():
        assert gradient["loss"] == pytest.approx(judged_loss(plan, arrays), rel=1e-12)
        along = sum(np.sum(gradient[key] * way[key]) for key in arrays)
        assert along == pytest.approx(slope, rel=1e-6), framework


@pytest.mark.parametrize("name", grouped(["googlenet"]))
def test_the_grad_command_gives_the_same(gradients, tmp_path, name):
    plan = subject(name)
    weights.write(tmp_path / "w", seeded(plan), plan)
    np.save(tmp_path / "x.npy", noise(plan))
    np.save(tmp_path / "y.npy", LABELS)
    files = [str(tmp_path / file) for file in ("w", "x.npy", "y.npy")]
    arrays = call(Grad("pytorch", name, *files, dtype="float64", aux=True)).arrays
    for key, array in gradients(name)["pytorch"].items():
        np.testing.assert_array_equal(arrays[key], array)


def comparison(**sides):
    """A comparison of made-up sides, for two small images."""
    plan = planned(size=(64, 64), classes=4)
    return Comparison(plan, "float64", ("a.png",), make_rows(plan), REPORT, sides)


def equal_side(**changes):
    """A side in which all is as planned, but for the changes."""
    outputs = {name: shape for row in comparison().rows for name, shape in row.outputs.items()}
    report = Report({}, "1.0", comparison().plan.parameter_count, 0.1, 0.2, 100)
    given = {"shapes": outputs, "differences": dict.fromkeys(outputs, 0.0), "report": report}
    return Side(**given | changes)


def test_an_equal_side_passes():
    assert comparison(paddle=equal_side()).failures() == []


@pytest.mark.parametrize("wrong", [1e-11, float("nan"), float("inf")])
def test_one_wrong_value_deep_inside_a_block_fails(wrong):
    side = equal_side()
    side.differences["inception4c.branch3.0"] = wrong
    assert comparison(paddle=side).failures() == [f"paddle: inception4c differs by {wrong:.1e}"]
    with pytest.raises(CheckFailed):
        comparison(paddle=side).raise_if_failed()


def test_one_wrong_shape_fails():
    side = equal_side()
    side.shapes = side.shapes | {"maxpool4": (832, 4, 4)}
    assert comparison(paddle=side).failures() == ["paddle: maxpool4 is 832x4x4, not 832x2x2"]


def test_one_parameter_too_many_fails():
    side = equal_side(report=REPORT)
    assert "paddle: counts 0 parameters, not 5,977,652" in comparison(paddle=side).failures()[0]


def test_a_missing_framework_is_not_a_failed_check():
    missing = Side(error=MissingFramework("paddle is not installed"))
    with pytest.raises(MissingFramework):
        comparison(paddle=missing, pytorch=equal_side()).raise_if_failed()
    with pytest.raises(CheckFailed):
        comparison(paddle=missing, pytorch=equal_side(report=REPORT)).raise_if_failed()


def test_a_failure_says_whose_it_is_once():
    for message in ("w: cannot be read", "paddle: w: cannot be read"):
        failed = comparison(paddle=Side(error=DataError(message)))
        assert failed.failures() == ["paddle: w: cannot be read"]


def test_arrays_of_another_shape_are_never_near():
    assert np.isnan(relative(np.ones((2, 3)), np.ones((2, 1))))
    assert relative(np.array([1.0, 4.0]), np.array([1.0, 5.0])) == pytest.approx(0.2)


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
    done = compare(plan, noise(plan), ["noise"], ["pytorch"], "float64", lambda *_: None)
    assert done.failures() == ["pytorch: the worker was ended by signal 11, SIGSEGV"]
    from common.command import show

    show.print_comparison(done)
    told = capsys.readouterr().out
    assert "SIGSEGV" in told.splitlines()[-1]
    assert told.splitlines()[-1].startswith("NOT EQUAL")
