"""The number that a page works out at first, and what it says of the frameworks' values."""

import re
from dataclasses import replace

import numpy as np
import pytest
from pages import compared, through

from common.tools.analysis.branches import branches_of
from common.tools.analysis.compare import FrameworkResult
from common.tools.page.calculation import Product, calculate
from common.tools.page.chosen_channel import choose_channel, first_cell, source_of
from common.tools.page.render import Page, render


@pytest.fixture(scope="module")
def example():
    """A small network, one image through it, and a framework that is a little off."""
    return through("googlenet")


def test_the_first_cell_has_a_value_above_0_away_from_the_border(example):
    plan, _, comparison = example
    for step in plan.body.children:
        if step.is_map and (chosen := choose_channel(step, comparison)):
            row, column = first_cell(step, comparison)
            values = comparison.maps[step.path][chosen.index]
            assert values[row, column] > 0
            rows, columns = values.shape
            inner = values[rows // 4 : -(-3 * rows // 4), columns // 4 : -(-3 * columns // 4)]
            assert values[row, column] == (inner.max() if inner.max() > 0 else values.max())


def test_a_map_that_is_dead_in_the_middle_begins_at_its_largest_value(example):
    plan, _, comparison = example
    step = next(each for each in plan.body.children if choose_channel(each, comparison))
    maps = np.zeros_like(comparison.maps[step.path])
    maps[:, 1, 0], maps[:, 0, 0] = 3, np.nan
    other = replace(comparison, maps=comparison.maps | {step.path: maps})
    assert first_cell(step, other) == (1, 0)


@pytest.mark.parametrize(("value", "shown"), [(-2.2e-21, True), (0.0, False), (-0.5, False)])
def test_a_negative_rest_of_paddles_relu_is_explained(example, value, shown):
    plan, seen, before = example
    step = plan.find("inception4a")
    own = {path: values.copy() for path, values in before.maps.items()}
    own[step.path][choose_channel(step, before).index] = value
    results = {"paddle": FrameworkResult(maps=own)}
    comparison = compared(plan, before.channels, before.maps, results)
    text = render(Page(plan, comparison, reference=seen))
    part = text[text.index('id="inception4a"') :]
    tag = re.search('<span class="slope"[^>]*>', part)[0]
    assert ("hidden" not in tag) == shown
    [one] = calculate(step, seen, comparison, [first_cell(step, comparison)])
    assert one.apart == abs(value - one.value)
    assert f'is <span data-value="largest">{one.apart:.1e}</span>' in part


def calculation_text(plan, seen, comparison, step):
    """The text of a step's calculation, without tags."""
    text = render(Page(plan, comparison, reference=seen))
    part = text[text.index(f'<details class="step" id="{step}"') :]
    part = part[part.index('<section class="calculation">') :]
    return " ".join(re.sub("<[^>]*>", "", part[: part.index("</section>")]).split())


def test_a_calculation_names_its_channel_in_the_branch_and_after_the_concatenation(example):
    plan, seen, comparison = example
    step = plan.find("inception4a")
    chosen = choose_channel(step, comparison)
    [own] = [b for b in branches_of(step) if b.node.path == f"inception4a.{chosen.branch}"]
    assert chosen.number == own.first + chosen.channel
    text = calculation_text(plan, seen, comparison, step.path)
    joined = f"channel {chosen.channel} of branch3, channel {chosen.number} after the concatenation"
    assert f"inception4a.branch3.1, {joined}, row" in text
    assert f"通道 {chosen.channel}（属于 branch3，拼接之后为通道 {chosen.number}）" in text
    assert f"channel {chosen.channel}; {chosen.number} after the concatenation" in render(
        Page(plan, comparison, reference=seen)
    )
    conv1 = calculation_text(plan, seen, comparison, "conv1")
    assert "after the concatenation" not in conv1


def test_a_calculation_says_where_its_inputs_come_from(example):
    plan, seen, comparison = example
    text = calculation_text(plan, seen, comparison, "inception4a")
    assert "The input values are the output of inception4a.branch3.0, 16 channels." in text
    assert "输入值是 inception4a.branch3.0 的输出，共 16 个通道。" in text
    assert "fewer products, because the padding" in text
    conv1 = calculation_text(plan, seen, comparison, "conv1")
    assert "The input values are those of the image, 3 channels." in conv1
    conv2 = calculation_text(plan, seen, comparison, "conv2")  # 1x1
    assert "the output of maxpool1, 64 channels." in conv2
    assert "padding" not in conv2


def test_the_layer_before_another_is_the_one_whose_output_enters_it(example):
    plan, seen, _ = example
    for node in plan.body.walk():
        source = source_of(plan.body, node.path) if node.path and not node.children else None
        if source:
            assert source.output == node.input
            if node.path in seen.inputs and source.path in seen.outputs:
                assert np.array_equal(seen.inputs[node.path], seen.outputs[source.path])
    assert source_of(plan.body, "conv1") is None
    with pytest.raises(ValueError, match="no_layer is not in the body"):
        source_of(plan.body, "no_layer")


def test_the_shown_factors_give_the_shown_product_and_the_bias_is_shown_beside_the_total(example):
    plan, seen, comparison = example
    for path in ("conv1", "inception4a", "inception5b"):
        step = plan.find(path)
        [one] = calculate(step, seen, comparison, [first_cell(step, comparison)])
        for each in one.products:
            value, weight, product = each.texts
            assert f"{float(value) * float(weight):.6f}" == product
            assert float(value) == pytest.approx(each.value, rel=1e-8)
            assert float(product) == pytest.approx(each.product, rel=1e-8, abs=1e-6)
        unit = choose_channel(step, comparison).unit
        bias = seen.weights[f"{unit.path}.conv.bias"][one.channel]
        total = dict(one.stages)["bias"]
        text = calculation_text(plan, seen, comparison, path)
        assert f"{bias:+.6f} {total:.6f}" in text


def test_small_factors_are_written_without_exponents():
    assert Product(channel=0, row=0, column=0, value=1.5e-7, weight=2.0).texts == (
        "0.00000015",
        "2",
        "0.000000",
    )
    assert Product(channel=0, row=0, column=0, value=float("nan"), weight=1.0).texts[2] == "nan"
