"""The page's maps: coloured between their least and largest values, one of each branch."""

import base64
import io
from itertools import pairwise

import numpy as np
import pytest
from conftest import planned
from pages import NOBODY, full
from PIL import Image

from common.jobs.job import Report
from common.networks import NETWORKS
from common.tools.analysis.branches import branches_of
from common.tools.analysis.compare import Comparison, strongest
from common.tools.page.maps import COLOURS, LARGEST, LEVELS, NAN, branch_of, draw_map
from common.tools.page.render import Page, render


def pixels(drawn):
    """The colours of a drawn map, rows x columns x 3."""
    data = base64.b64decode(drawn.uri.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_a_map_goes_from_its_least_to_its_largest_value():
    drawn = draw_map(np.array([[1.67, 1.70], [1.75, 1.78]]))
    assert (drawn.least, drawn.most) == (1.67, 1.78)
    found = pixels(drawn)
    assert tuple(found[0, 0]) == COLOURS[0]
    assert tuple(found[1, 1]) == COLOURS[-1]
    assert found.sum(axis=2)[0, 1] < found.sum(axis=2)[1, 0]


def test_each_value_has_the_nearest_colour_of_its_scale():
    found = pixels(draw_map(np.linspace(5, 9, 56)[None]))[0]
    places = np.linspace(0, len(COLOURS) - 1, 56)
    for part in range(3):
        expected = np.interp(places, range(len(COLOURS)), [colour[part] for colour in COLOURS])
        steepest = max(abs(a[part] - b[part]) for a, b in pairwise(COLOURS))
        half_a_level = steepest * (len(COLOURS) - 1) / LEVELS / 2
        assert np.abs(found[:, part] - expected).max() <= half_a_level + 0.5


def test_a_large_map_keeps_its_largest_value():
    values = np.zeros((112, 97))
    values[57, 96] = 3.0
    drawn = draw_map(values)
    found = pixels(drawn)
    assert found.shape == (LARGEST, 49, 3)
    assert tuple(found[28, 48]) == COLOURS[-1]
    assert drawn.most == 3.0


def test_nan_is_shown_as_such():
    drawn = draw_map(np.array([[np.nan, 1.0], [2.0, np.inf]]))
    assert tuple(pixels(drawn)[0, 0]) == NAN
    assert (drawn.least, drawn.most) == (1.0, 2.0)
    assert tuple(pixels(draw_map(np.full((2, 2), np.nan)))[1, 1]) == NAN


@pytest.mark.parametrize("name", NETWORKS)
def test_every_branch_of_every_step_shows_a_channel(name):
    random = np.random.default_rng(0)
    for step in full(name).body.children:
        if not step.is_map:
            continue
        branches = branches_of(step)
        assert [b.first for b in branches] == [0, *(b.last for b in branches[:-1])]
        assert branches[-1].last == step.output[0]
        maps = random.standard_normal((step.output[0], 2, 2))
        maps[: branches[0].last] += 10  # the first branch is stronger than all others
        count = min(4, step.output[0])
        channels = strongest(step, maps, 4)
        if len(branches) == 1:
            assert len(channels) == count
        else:
            assert [branch_of(full(name), step.path, c) for c in channels] == [
                (b.node.path.removeprefix(f"{step.path}."), c - b.first)
                for b, c in zip(branches, channels, strict=True)
            ]


def test_a_module_shows_the_branch_of_each_map():
    plan = planned("googlenet", (32, 32))
    channels = {"inception3a": np.array([3, 64, 200, 255])}
    maps = {"inception3a": np.arange(16.0).reshape(4, 2, 2)}
    reference = Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1)
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
    text = render(Page(plan, comparison))
    own = {"branch1": "3 (3)", "branch2": "0 (64)", "branch3": "8 (200)", "branch4": "31 (255)"}
    for branch, channel in own.items():
        assert f"<th>{branch}</th>" in text
        assert f"<th>{channel}</th>" in text
    assert "channel (concatenated)" in text
    assert text.count('class="map"') == 4
    assert "<span>12</span>" in text
    assert "<span>15</span>" in text
    assert 'class="map"' not in render(Page(plan, reason=NOBODY))
