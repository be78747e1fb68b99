"""One image followed through the network: receptive fields, and numbers worked out."""

import numpy as np
import pytest
from conftest import noise, planned, seeded
from pages import full

from common.jobs.job import Report
from common.networks import NETWORKS
from common.tools.analysis.compare import (
    Comparison,
    FrameworkResult,
    keep_maps,
    make_rows,
    strongest_channels,
)
from common.tools.analysis.receptive_field import Reach
from common.tools.analysis.windows import window_of
from common.tools.page.fields import fields_of, reaches
from common.tools.page.following import following, middle
from common.tools.page.observation import observe
from common.tools.page.worked import pool_windows, work_out


@pytest.fixture(scope="module", params=["googlenet", "googlenet.torchvision", "xception"])
def followed(request):
    """A small network, one image through it, and a framework that is a little off."""
    plan = planned(request.param, (96, 96))
    seen = observe(plan, seeded(plan), noise(plan)[0])
    channels = strongest_channels(make_rows(plan), seen.outputs, 4)
    maps = keep_maps(seen.outputs, channels)
    off = FrameworkResult(maps={path: values + 1e-6 for path, values in maps.items()})
    reference = Report({}, "2.4", 7, 0.1, 0.1)
    return (
        plan,
        seen,
        Comparison(plan, "float32", ("x",), (), reference, {"off": off}, channels, maps),
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_window_is_as_high_as_the_receptive_field(name):
    plan, reach = full(name), Reach()
    for step in plan.body.children:
        reach = reach.through(step)
        axis = window_of(plan, step.path).rows
        assert axis.stride == reach.stride
        assert axis.size >= reach.field  # more, if the branches are not centred on one another
        if name.split(".")[0] == "googlenet":
            assert axis.size == reach.field


def test_the_fields_of_inception4a_are_107_139_and_171_pixels():
    found = {each.branch: each for each in fields_of(full("googlenet"), "inception4a")}
    sizes = {branch: each.size for branch, each in found.items()}
    assert sizes == {"branch1": "107", "branch2": "139", "branch3": "171", "branch4": "139"}
    assert reaches(found["branch3"].window.rows, 7) == (41, 211)


def test_a_cell_depends_on_its_window_and_on_nothing_else():
    plan, step = planned("googlenet", (64, 64)), "inception3a"
    arrays, image = seeded(plan), noise(plan)[0]
    cell = (5, 4)
    before = observe(plan, arrays, image).outputs[step][0, :, *cell]
    axis = window_of(plan, step).rows
    first, last = reaches(axis, cell[0])
    for row, changes in {first - 1: False, first: True, last: True, last + 1: False}.items():
        if 0 <= row < 64:
            other = image.copy()
            other[:, row] += 100
            after = observe(plan, arrays, other).outputs[step][0, :, *cell]
            assert np.array_equal(before, after) != changes, row


def test_a_number_worked_out_is_the_references(followed):
    plan, seen, comparison = followed
    found = 0
    for step in plan.body.children:
        if step.is_map and (one := work_out(step, seen, comparison, middle(step))):
            found += 1
            expected = seen.outputs[one.path][0, one.channel, *one.cell]
            assert one.value == pytest.approx(expected, rel=1e-12)
            total = sum(each.product for each in one.products) + one.rest
            assert total == pytest.approx(one.stages[0][1], rel=1e-12)
            assert one.frameworks["off"] - one.value == pytest.approx(1e-6, rel=1e-3)
            sizes = [abs(each.product) for each in one.products]
            assert sizes == sorted(sizes, reverse=True)
    assert found > 2


def test_both_windows_of_a_pool_have_the_values_of_its_input(followed):
    plan, seen, _ = followed
    if "googlenet" not in plan.network.name:
        return
    both = pool_windows(plan.find("maxpool1"), seen, "ceil")
    row, column = both.cell
    x = seen.inputs["maxpool1"][0, both.channel]
    assert both.window[0][0] == x[2 * row, 2 * column]
    assert max(value for line in both.window for value in line if value is not None) == both.right
    assert max(value for line in both.naive for value in line if value is not None) == both.wrong
    assert both.right == seen.outputs["maxpool1"][0, both.channel, row, column]
    assert both.right != both.wrong


def test_every_module_is_followed(followed):
    plan, seen, comparison = followed
    found = following(plan, comparison, seen)
    modules = [s.path for s in plan.body.children if s.path.startswith("inception")]
    assert list(found["followed"]) == modules
    for path, each in found["followed"].items():
        assert each.shape == plan.find(path).output[1:]
        assert all(0 <= place < size for place, size in zip(each.cell, each.shape, strict=True))
    assert following(plan, None, None) == {"followed": {}, "worked": {}, "pools": {}}
