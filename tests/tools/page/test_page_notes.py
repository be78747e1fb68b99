"""The page's texts on a step are true of that step: mistakes, totals, preprocessing."""

import re

import numpy as np
import pytest
from conftest import noise, planned, seeded
from pages import NOBODY, full, steps

from common.jobs.call import ROOT
from common.spec.preprocess import PREPROCESSES
from common.tools.page.network_pair import about
from common.tools.page.notes import APPLIES
from common.tools.page.phrases import LANGUAGES, phrases
from common.tools.page.preprocessing import image_texts, value_texts
from common.tools.page.reference_pass import reference_pass
from common.tools.page.render import Page, render

NORM = ("weight", "bias", "running_mean", "running_var")


# The beginning of each note's row in docs/differences.md.
ROWS = {
    "same": "SAME padding", "ceil": "ceil", "average": "border of an average",
    "counted": "border of an average, counted", "lrn": "LRN alpha", "eps": "batch norm eps",
    "small_eps": "batch norm eps 1e-5", "flatten": "flatten order",
    "depthwise": "depthwise layout",
}  # fmt: skip


def test_every_note_is_a_row_of_the_catalogue():
    assert ROWS.keys() == APPLIES.keys()
    document = (ROOT / "docs" / "differences.md").read_text()
    assert set(ROWS.values()) <= set(re.findall(r"^\| ([^|]+) \|", document, re.MULTILINE))
    for note in ROWS:  # figures are measured, never written down
        for language in LANGUAGES:
            assert not re.search(r"\d\.\d", phrases()[f"note_{note}"][language])


def names(name):
    """The names of the notes of every step."""
    return {path: [n.name for n in step.notes] for path, step in steps(name).items() if step.notes}


def test_a_step_has_the_notes_that_apply_to_it():
    google = names("googlenet")
    assert google.keys() == {"maxpool1", "maxpool2", "maxpool3", "maxpool4", "aux1", "aux2"}
    assert google["maxpool1"] == ["ceil"]
    assert google["aux1"] == ["flatten"]
    # Its 2x2 windows fit a map of 14 rows, so there is nothing to round.
    assert "maxpool4" not in names("googlenet.torchvision")
    assert names("inception_v2.slim")["conv1"] == ["same", "depthwise"]
    assert "counted" in {note for notes in names("inception_v3").values() for note in notes}


def test_the_numbers_of_a_note_are_those_of_its_layer():
    [same] = [note for note in steps("xception")["block2"].notes if note.name == "same"]
    assert same.values == {
        "kernel": "3×3", "stride": 2, "before": 0, "after": 1, "half": 1, "rows": 74
    }  # fmt: skip
    [wide] = [note for note in steps("googlenet.slim")["conv1"].notes if note.name == "same"]
    assert (wide.values["before"], wide.values["after"], wide.values["half"]) == (2, 3, 3)


@pytest.fixture(scope="module")
def measured():
    """A small network's plan, and one image through it."""
    plan = planned("googlenet.torchvision", (96, 96), aux=True)
    return plan, reference_pass(plan, seeded(plan), noise(plan)[0])


def test_the_error_of_a_note_is_measured_at_its_layer(measured):
    _, seen = measured
    x = seen.inputs["maxpool1"][0]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))[:, ::2, ::2]
    wrong, right = windows.max(axis=(3, 4)), seen.outputs["maxpool1"][0]
    ceil = seen.mistakes["ceil", "maxpool1"]
    assert ceil.error == pytest.approx(np.abs(wrong - right).max() / np.abs(right).max())
    assert ceil.error > 0.05
    assert np.array_equal(ceil.wrong, wrong[ceil.channel])
    assert np.array_equal(ceil.right, right[ceil.channel])
    eps = seen.mistakes["eps", "conv1.bn"]
    arrays = {name: seen.weights[f"conv1.bn.{name}"][:, None, None] for name in NORM}
    x = seen.inputs["conv1.bn"][0]
    y = [
        (x - arrays["running_mean"]) / np.sqrt(arrays["running_var"] + e) * arrays["weight"]
        + arrays["bias"]
        for e in (1e-3, 1e-5)
    ]
    assert eps.error == pytest.approx(np.abs(y[1] - y[0]).max() / np.abs(y[0]).max(), rel=1e-4)
    flat = seen.mistakes["flatten", "aux1.flatten"]
    x = seen.inputs["aux1.flatten"][0].transpose(1, 2, 0).ravel()
    wrong = seen.weights["aux1.fc1.weight"] @ x + seen.weights["aux1.fc1.bias"]
    right = seen.outputs["aux1.fc1"][0]
    assert flat.path == "aux1.fc1"
    assert flat.error == pytest.approx(np.abs(wrong - right).max() / np.abs(right).max())


def test_a_note_shows_the_measured_error_and_both_maps(measured):
    plan, seen = measured
    text = render(Page(plan, reason=NOBODY, reference=seen))
    part = text[text.index('id="maxpool1"') : text.index('id="conv2"')]
    assert f"changes by {seen.mistakes['ceil', 'maxpool1'].error:#.2g} times" in part
    assert part.count('class="map"') == 3
    assert "0.87" not in part
    bare = render(Page(plan, reason=NOBODY))
    assert "changes by" not in bare


def test_the_last_map_sees_no_more_rows_than_there_are():
    text = render(Page(full("googlenet"), reason=NOBODY))
    assert "would see 715 rows, more than the 224 rows of the image" in text
    fits = render(Page(planned("googlenet.d2l", (800, 800)), reason=NOBODY))
    assert "rows of the image" not in fits


def test_totals_say_whether_heads_are_counted():
    whole = full("googlenet")
    text = render(Page(whole, reason=NOBODY))
    assert f"without them, {whole.body.parameter_count:,} parameters" in text
    assert "Counted without auxiliary heads" in render(Page(planned(), reason=NOBODY))
    assert "has no auxiliary heads" in render(Page(full("xception"), reason=NOBODY))


def test_preprocessing_is_said_in_numbers_that_people_use():
    expected = {
        "caffe": ("BGR, 0 to 255, minus 104, 117, 123", "BGR，0 至 255，减去 104、117、123"),
        "facenet": ("RGB, 0 to 255, minus 127.5, divided by 128", "再除以 128"),
        "squeeze": ("RGB, from -1 to 1", "取值 -1 至 1"),
        "torchvision": ("minus 0.485, 0.456, 0.406, divided by 0.229", "减去 0.485"),
    }
    for name, texts in expected.items():
        for text, found in zip(texts, value_texts(PREPROCESSES[name]), strict=True):
            assert text in found
    values = about(full("googlenet.paper"))[-1]  # the paper says only that a mean is subtracted
    assert values[0] == f"{expected['caffe'][0]} (Caffe's bvlc_googlenet)"
    assert values[1] == f"{expected['caffe'][1]}（据 Caffe's bvlc_googlenet）"
    assert about(full("googlenet.d2l"))[-1][0].startswith("grey, from 0 to 1")
    english, chinese = image_texts(PREPROCESSES["caffe"], 224, 224)
    assert english.startswith("the shorter side resized to 256, the central 224×224 cut out")
    assert chinese.startswith("短边缩放到 256，取中央 224×224")
