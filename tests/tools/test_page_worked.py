"""The number that a page works out at first, and what it says of the frameworks' values."""

import re
from dataclasses import replace

import numpy as np
import pytest
from pages import compared, through

from common.tools.analysis.compare import FrameworkResult
from common.tools.page.chosen_channel import choose_channel, first_cell
from common.tools.page.render import Page, render
from common.tools.page.worked import work_out


@pytest.fixture(scope="module")
def followed():
    """A small network, one image through it, and a framework that is a little off."""
    return through("googlenet")


def test_the_first_cell_has_a_value_above_0_away_from_the_border(followed):
    plan, _, comparison = followed
    for step in plan.body.children:
        if step.is_map and (chosen := choose_channel(step, comparison)):
            row, column = first_cell(step, comparison)
            values = comparison.maps[step.path][chosen.place]
            assert values[row, column] > 0
            rows, columns = values.shape
            inner = values[rows // 4 : -(-3 * rows // 4), columns // 4 : -(-3 * columns // 4)]
            assert values[row, column] == (inner.max() if inner.max() > 0 else values.max())


def test_a_map_that_is_dead_in_the_middle_begins_at_its_largest_value(followed):
    plan, _, comparison = followed
    step = next(each for each in plan.body.children if choose_channel(each, comparison))
    maps = np.zeros_like(comparison.maps[step.path])
    maps[:, 1, 0], maps[:, 0, 0] = 3, np.nan
    other = replace(comparison, maps=comparison.maps | {step.path: maps})
    assert first_cell(step, other) == (1, 0)


@pytest.mark.parametrize(("value", "shown"), [(-2.2e-21, True), (0.0, False), (-0.5, False)])
def test_a_negative_rest_of_paddles_relu_is_explained(followed, value, shown):
    plan, seen, before = followed
    step = plan.find("inception4a")
    own = {path: values.copy() for path, values in before.maps.items()}
    own[step.path][choose_channel(step, before).place] = value
    results = {"paddle": FrameworkResult(maps=own)}
    comparison = compared(plan, before.channels, before.maps, results)
    text = render(Page(plan, comparison, observation=seen))
    part = text[text.index('id="inception4a"') :]
    tag = re.search('<span class="slope"[^>]*>', part)[0]
    assert ("hidden" not in tag) == shown
    [one] = work_out(step, seen, comparison, [first_cell(step, comparison)])
    assert one.apart == abs(value - one.value)
    assert f'is <span data-is="largest">{one.apart:.1e}</span>' in part
