"""The receptive fields on the photograph: all of them can be seen, or the page says why not."""

import re
from dataclasses import replace

import pytest
from pages import full, through

from common.networks import NETWORKS
from common.tools.analysis.branches import branches_of
from common.tools.analysis.windows import Axis, Window
from common.tools.page.fields import (
    LARGEST_MARGIN,
    Field,
    branch_fields,
    fields_drawing,
    margin_for,
    reaches,
    see_everything,
)
from common.tools.page.render import Page, render
from common.tools.page.trained_part import Weights


@pytest.mark.parametrize("name", NETWORKS)
def test_the_fields_of_every_cell_are_in_the_drawing_or_all_are_larger_than_the_image(name):
    plan = full(name)
    image = plan.spec.input[1:]
    modules = [step for step in plan.body.children if len(branches_of(step)) > 1]
    assert bool(modules) != name.startswith("xception")
    for step in modules:
        fields, shape = branch_fields(plan, step.path), step.output[1:]
        margin = margin_for(fields, shape, image)
        ends = [
            place
            for field in fields
            for axis, cells, size in zip(
                (field.window.rows, field.window.columns), shape, image, strict=True
            )
            for place in (reaches(axis, 0)[0], size - 1 - reaches(axis, cells - 1)[1])
        ]
        seen = min(ends) >= -margin
        assert seen or see_everything(fields, shape, image), step.path
        assert margin <= LARGEST_MARGIN * max(image)
        drawn = fields_drawing(fields, cell=(0, 0), shape=shape, image=image, photograph="#view")
        assert f'viewBox="{-margin} {-margin} {image[1] + 2 * margin} ' in drawn


def test_googlenets_last_modules_see_the_whole_picture_and_are_drawn_around_it():
    plan = full("googlenet")
    whole = {}
    for step in plan.body.children:
        if len(branches_of(step)) > 1:
            fields = branch_fields(plan, step.path)
            whole[step.path] = see_everything(fields, step.output[1:], (224, 224))
    assert [path for path, each in whole.items() if each] == ["inception5a", "inception5b"]
    fields = branch_fields(plan, "inception5b")
    assert margin_for(fields, (7, 7), (224, 224)) >= 356  # beyond the last row
    assert margin_for(branch_fields(plan, "inception3a"), (28, 28), (224, 224)) == 32
    assert margin_for(fields, (7, 7), (40, 40)) == 6  # far larger than the image


@pytest.mark.parametrize(
    ("start", "size", "whole"), [(-9, 50, True), (-9, 48, False), (1, 50, False)]
)
def test_a_field_covers_the_image_only_from_its_first_to_its_last_pixel(start, size, whole):
    field = Field(
        "branch", Window(rows=Axis(start=start, size=size), columns=Axis(start=start, size=size))
    )
    assert see_everything([field], (1, 1), (40, 40)) == whole


def test_the_weights_are_named_above_the_first_coloured_map_of_each_step():
    plan, seen, comparison = through("googlenet")
    logits = seen.outputs["logits"]
    comparison = replace(comparison, logits=logits)
    classes = tuple(map(str, range(logits.shape[1])))
    for given, english, chinese in (
        (None, "with random weights", "权重为随机值"),
        (Weights("a run", classes), "with the weights of a run", "权重来自 a run"),
    ):
        text = render(Page(plan, comparison, reference=seen, weights=given))
        parts = re.split('<details class="step" id="', text)[1:]
        with_maps = [part.partition('class="map"')[0] for part in parts if 'class="map"' in part]
        assert len(with_maps) == len(comparison.channels)
        for part in with_maps:
            assert english in part.replace("With", "with"), part[:30]
            assert chinese in part


def test_the_page_says_so_where_every_branch_sees_everything():
    plan, seen, comparison = through("googlenet")
    text = render(Page(plan, comparison, reference=seen))
    parts = re.split('<details class="step" id="', text)[1:]
    said = [part.split('"')[0] for part in parts if "sees the whole picture" in part]
    assert said == ["inception4c", "inception4d", "inception4e", "inception5a", "inception5b"]
    assert text.count("每个分支都能看到整张图像") == len(said)
