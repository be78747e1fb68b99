"""The details of each step for one image: receptive fields, and calculated numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import noise, planned, seeded
from pages import full, through

from common.jobs.job import Report
from common.networks import NETWORKS
from common.tools.analysis.compare import (
    Comparison,
    keep_maps,
    make_rows,
    strongest_channels,
)
from common.tools.analysis.receptive_field import Reach
from common.tools.analysis.windows import window_of
from common.tools.page.calculation import calculate
from common.tools.page.chosen_cells import MAX_CELLS, cells_of, numbers_json
from common.tools.page.chosen_channel import conv_of, first_cell
from common.tools.page.fields import branch_fields, reaches
from common.tools.page.pool_windows import pool_windows
from common.tools.page.reference_pass import reference_pass
from common.tools.page.render import Page, render
from common.tools.page.step_details import step_details


@pytest.fixture(scope="module", params=["googlenet", "googlenet.torchvision", "xception"])
def example(request):
    """A small network, one image through it, and a framework that is a little off."""
    return through(request.param)


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
    found = {each.branch: each for each in branch_fields(full("googlenet"), "inception4a")}
    sizes = {branch: each.size for branch, each in found.items()}
    assert sizes == {"branch1": "107", "branch2": "139", "branch3": "171", "branch4": "139"}
    assert reaches(found["branch3"].window.rows, 7) == (41, 211)


def test_a_cell_depends_on_its_window_and_on_nothing_else():
    plan, step = planned("googlenet", (64, 64)), "inception3a"
    arrays, image = seeded(plan), noise(plan)[0]
    cell = (5, 4)
    before = reference_pass(plan, arrays, image).outputs[step][0, :, *cell]
    axis = window_of(plan, step).rows
    first, last = reaches(axis, cell[0])
    for row, changes in {first - 1: False, first: True, last: True, last + 1: False}.items():
        if 0 <= row < 64:
            other = image.copy()
            other[:, row] += 100
            after = reference_pass(plan, arrays, other).outputs[step][0, :, *cell]
            assert np.array_equal(before, after) != changes, row


def test_a_calculated_number_is_the_references(example):
    plan, seen, comparison = example
    found = 0
    for step in plan.body.children:
        if not step.is_map:
            continue
        for one in calculate(step, seen, comparison, [first_cell(step, comparison)]):
            found += 1
            expected = seen.outputs[one.path][0, one.channel, *one.cell]
            assert one.value == pytest.approx(expected, rel=1e-12)
            total = sum(each.product for each in one.products) + one.rest
            assert total == pytest.approx(one.stages[0][1], rel=1e-12)
            assert one.frameworks["off"] - one.value == pytest.approx(1e-6, rel=1e-3)
            sizes = [abs(each.product) for each in one.products]
            assert sizes == sorted(sizes, reverse=True)
    assert found > 2


def test_every_cell_of_a_module_is_calculated(example):
    plan, seen, comparison = example
    for step in plan.body.children:
        cells = cells_of(step) if step.path.startswith("inception") else []
        found = calculate(step, seen, comparison, cells) if cells else []
        assert len(found) == len(cells)
        for one in found:
            node = conv_of(plan.find(one.path))[0]
            x, weight = seen.inputs[node.path][0], seen.weights[f"{node.path}.weight"][one.channel]
            largest = np.abs(seen.outputs[one.path][0, one.channel]).max()
            expected = seen.outputs[one.path][0, one.channel, *one.cell]
            assert one.value == pytest.approx(expected, rel=1e-12, abs=1e-12 * largest)
            for each in one.products:
                assert each.value == x[each.channel, each.row, each.column]
            rows, columns = (  # of the window that are in the map
                sum(0 <= place + i - size // 2 < inside for i in range(size))
                for place, size, inside in zip(one.cell, weight.shape[1:], x.shape[1:], strict=True)
            )
            assert one.more + len(one.products) == len(x) * rows * columns


def test_the_embedded_numbers_are_those_of_each_cell(example):
    plan, seen, comparison = example
    for step in plan.body.children:
        if step.path.startswith("inception"):
            found = calculate(step, seen, comparison, cells_of(step))
            data = json.loads(numbers_json(found))
            for n, one in enumerate(found):
                assert data["value"][n] == pytest.approx(one.value, rel=1e-11)
                assert data["frameworks"]["off"][n] == pytest.approx(one.value + 1e-6, rel=1e-11)
                assert (data["more"][n], data["rest"][n]) == (one.more, round(one.rest, 6))
                stages = [values[n] for values in data["stages"].values()]
                assert stages == [round(value, 6) for _, value in one.stages[:-1]]
                numbers = iter(data["products"][n])
                for each, term, value in zip(one.products, numbers, numbers, strict=True):
                    channel, down, across, weight = data["terms"][term]
                    place = channel, one.cell[0] + down, one.cell[1] + across
                    assert place == (each.channel, each.row, each.column)
                    assert (value, weight) == tuple(map(float, each.texts[:2]))


def test_a_weight_that_is_not_a_number_is_the_first_product_of_every_cell():
    plan, step = planned("googlenet", (64, 64)), "inception4a"
    arrays = {name: array.copy() for name, array in seeded(plan).items()}
    arrays["inception4a.branch3.1.conv.weight"][:, 3, 2, 2] = np.nan
    seen = reference_pass(plan, arrays, noise(plan)[0])
    channels = {step: np.array([0, 192, 400, 448])}
    reference = Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1)
    comparison = Comparison(
        plan=plan,
        dtype="float32",
        images=("x",),
        rows=(),
        reference=reference,
        results={},
        channels=channels,
        maps=keep_maps(seen.outputs, channels),
    )
    found = calculate(plan.find(step), seen, comparison, cells_of(plan.find(step)))
    text = numbers_json(found)
    assert "NaN" not in text.replace('"NaN"', "")
    for one in found:
        assert np.isnan(one.products[0].weight)
        assert one.products[0].channel == 3
        assert np.isnan(one.value)
    assert set(json.loads(text)["value"]) == {"NaN"}


def test_only_maps_of_a_moderate_size_have_the_numbers_of_all_cells():
    step = full("googlenet").find("inception3a")
    assert len(cells_of(step)) == 28 * 28
    assert cells_of(step)[29] == (1, 1)
    for rows, count in {MAX_CELLS: MAX_CELLS, MAX_CELLS + 1: 0}.items():
        assert len(cells_of(replace(step, output=(256, rows, 1)))) == count


def test_both_windows_of_a_pool_have_the_values_of_its_input(example):
    plan, seen, _ = example
    if "googlenet" not in plan.spec.name:
        return
    both = pool_windows(plan.find("maxpool1"), seen, "ceil")
    row, column = both.cell
    x = seen.inputs["maxpool1"][0, both.channel]
    assert both.window[0][0] == x[2 * row, 2 * column]
    assert max(value for line in both.window for value in line if value is not None) == both.right
    assert max(value for line in both.naive for value in line if value is not None) == both.wrong
    assert both.right == seen.outputs["maxpool1"][0, both.channel, row, column]
    assert both.right != both.wrong


def test_every_module_has_receptive_fields(example):
    plan, seen, comparison = example
    found = step_details(plan, comparison, seen)
    modules = [s.path for s in plan.body.children if s.path.startswith("inception")]
    assert list(found["cell_fields"]) == modules
    for path, each in found["cell_fields"].items():
        assert each.shape == plan.find(path).output[1:]
        assert all(0 <= place < size for place, size in zip(each.cell, each.shape, strict=True))
    assert step_details(plan, None, None) == {"cell_fields": {}, "calculations": {}, "pools": {}}


def test_a_module_with_too_many_cells_says_that_its_number_is_fixed():
    """At 320 pixels, inception3a and 3b have 40 x 40 cells, the seven others at most 20 x 20."""
    plan = planned("googlenet", (320, 320))
    seen = reference_pass(plan, seeded(plan), noise(plan)[0])
    channels = strongest_channels(make_rows(plan), seen.outputs, 4)
    reference, maps = (
        Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1),
        keep_maps(seen.outputs, channels),
    )
    comparison = Comparison(
        plan=plan,
        dtype="float32",
        images=("x",),
        rows=(),
        reference=reference,
        results={},
        channels=channels,
        maps=maps,
    )
    text = render(Page(plan, comparison, reference=seen))
    assert text.count("This map is too large for the numbers of all its cells") == 2
    assert text.count("The cell is the one chosen above.") == 7
    assert text.count('<script type="application/json">') == 7
