"""The page: correct numbers, two languages, valid links, nothing loaded, nothing executed."""

import json
import re
from collections import Counter
from html import unescape

import pytest
from cli import googlenet
from conftest import planned
from pages import NOBODY, Reader, full, steps

from common.errors import CheckFailed
from common.jobs.call import ROOT
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import Report
from common.networks import NETWORKS, network
from common.tools.analysis.compare import Comparison, FrameworkResult
from common.tools.analysis.parameter_ledger import claims
from common.tools.page.comparison_table import position
from common.tools.page.layer_shapes import LARGE, draw
from common.tools.page.phrases import LANGUAGES, phrases
from common.tools.page.render import Page, render
from common.tools.page.source_excerpts import excerpts


@pytest.fixture(scope="module")
def page():
    """GoogLeNet's page, without frameworks."""
    return Reader(render(Page(full("googlenet"), reason=NOBODY)))


def test_every_sentence_is_there_in_both_languages():
    for key, sentence in phrases().items():
        assert sentence.keys() == set(LANGUAGES), key
        fields = [sorted(re.findall(r"\{(\w+)\}", sentence[each])) for each in LANGUAGES]
        assert fields[0] == fields[1], key
        assert re.search("[\u4e00-\u9fff，：]", sentence["zh"])


def test_every_sentence_is_used_and_every_one_used_is_there():
    made = (
        "nav_", "legend_", "paper_", "sum_", "curves_", "note_", "about_", "total_",
        "change_", "layer_", "field_", "first", "second", "no_scale", "ledger_", "kind_",
        "fit_", "values_", "resample_", "maps_", "random_weights", "as_it",
        "with_the_mistake", "between_them", "step_line", "stage_", "setting_", "box_",
        "task_", "axis_", "gradient_norm", "with", "weights_of", "cell_", "fields_label",
        "head_line", "beyond_image", "diagram", "classes_out", "features_out", "block_picture",
        "number_chosen", "number_fixed", "number_image", "number_source", "map_of", "claim_",
        "auxiliary_head", "block", "trained", "training_finding", "recipe", "a_digit", "a_class",
        "strip_", "module_is", "branches_", "grey",
    )  # fmt: skip
    folder = ROOT / "common" / "tools" / "page" / "templates"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.html"))
    used = set(re.findall(r'\b(?:t|texts)\([\'"](\w+?)[\'"][,)]', text))
    assert used - phrases().keys() == set()
    for key in phrases().keys() - used:
        assert key.startswith(made), key
    unknown = "not a phrase"
    with pytest.raises(KeyError):
        phrases()[unknown]


def test_the_table_says_what_summary_says(page):
    told = json.loads(googlenet("summary", "googlenet", "--aux", "--json"))
    layers = {layer["name"]: layer for layer in told["layers"]}
    [rows] = [t[1:] for t in page.tables if t[0][0].startswith("step") and len(t[0]) == 6]
    assert len(rows) == len(steps("googlenet")) == 20
    for name, _, output, parameters, multiply_adds, field in rows:
        layer = layers[name]
        assert output == "x".join(map(str, layer["output"]))
        assert int(parameters.replace(",", "")) == layer["parameters"]
        assert int(multiply_adds.replace(",", "")) == layer["multiply_adds"]
        assert (field == "") == name.startswith("aux")
    seen = {row[0]: row[-1] for row in rows}
    assert seen["inception5b"] == f"{told['receptive_field']:,}" == "715"
    # The average of seven cells at stride 32 sees six strides more.
    assert seen["avgpool"] == seen["fc"] == str(715 + 6 * 32)


def test_the_ledger_ends_in_the_published_sums():
    text = render(Page(full("googlenet"), reason=NOBODY))
    for claim, _, total in claims(full("googlenet")):
        assert claim.number == total
        assert f"<strong>{total:,}</strong>" in text
    for total in ("5,973,552", "6,998,552", "13,378,280", "819,200", "50,688"):
        assert total in text


@pytest.mark.parametrize("name", NETWORKS)
def test_the_page_of_every_network_stands_alone(name):
    found = Reader(render(Page(full(name), reason=NOBODY)))
    assert [link for link in found.links if not link.startswith(("#", "data:image/"))] == []
    assert [each for each, count in Counter(found.ids).items() if count > 1] == []
    assert {link[1:] for link in found.links} <= set(found.ids)
    assert steps(name).keys() <= set(found.ids)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_boxes_of_a_picture_overlap(name):
    for step in planned(name, network(name).input[1:]).body.children:
        drawn = draw(step, LARGE)
        for box in drawn.boxes:
            assert -1e-6 <= box.x <= drawn.width - box.width + 1e-6
            assert -1e-6 <= box.y <= drawn.height - box.height + 1e-6
        for one in drawn.boxes:
            for other in drawn.boxes:
                apart = (
                    one.x + one.width <= other.x + 1e-6
                    or other.x + other.width <= one.x + 1e-6
                    or one.y + one.height <= other.y + 1e-6
                    or other.y + other.height <= one.y + 1e-6
                )
                assert one is other or apart, step.path


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parts_of_a_step_add_up(name):
    for step in steps(name).values():
        inside = [row for row in step.table if row.path.count(".") == 1]
        if inside and step.picture:
            assert sum(row.times * row.parameters for row in inside) == step.parameters
            assert sum(row.times * row.multiply_adds for row in inside) == step.multiply_adds


def test_blocks_that_are_alike_are_drawn_and_listed_once():
    found = steps("inception_resnet_v2")
    for path, times in {"block35": 10, "block17": 20, "block8": 9}.items():
        rows = {row.path: row for row in found[path].table}
        assert rows[f"{path}.0"].times == times
        assert rows[f"{path}.0"].last == f"{path}.{times - 1}"
        assert f"{path}.1" not in rows
        assert f"× {times}" in [box.text for box in found[path].picture.boxes]
    assert "block8.9" in {row.path for row in found["block8"].table}
    ends = [box.text for box in found["block8"].picture.boxes if box.text.startswith("x +")]
    assert ends == ["x + 0.2 f(x)", "x + f(x)"]


def test_a_module_is_drawn_as_in_the_papers_figure():
    boxes = draw(full("googlenet").find("inception4a"), LARGE).boxes
    assert [box.text for box in boxes] == [
        "192 + 208 + 48 + 64 = 512", "1×1, 192", "1×1, 96", "3×3, 208", "1×1, 16", "5×5, 48",
        "max 3×3", "1×1, 64",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_step_and_head_has_its_code_in_three_frameworks(name):
    assert {path for path, step in steps(name).items() if list(step.code) != [*FRAMEWORKS]} == set()
    if name == "googlenet":
        code = steps(name)["inception4a"].code
        assert code["pytorch"].line.startswith("self.inception4a = Inception(480, 192, 96, 208")
        assert "layers.MaxPooling2D" in code["tensorflow"].block
        assert steps(name)["aux1"].code["paddle"].block.startswith("class Head(nn.Sequential):")


def test_no_block_of_a_step_is_missing_in_its_code():
    for framework, last in {"pytorch": "Block8()", "tensorflow": '"block8_9"'}.items():
        code = excerpts(full("inception_resnet_v2"))["block8"][framework]
        assert "(9)" in code.line
        assert last in code.line
        assert re.search(r"class Block8\b|def block8\b", code.block)
        assert re.search(r"class LastBlock8\b|def last_block8\b", code.block)


def test_texts_of_others_are_shown_harmlessly():
    hostile = "<script>alert(1)</script>{name}"
    reference = Report(arrays={}, version=hostile, parameters=7, import_seconds=0.1, seconds=0.1)
    results = {
        "pytorch": FrameworkResult(error=CheckFailed(hostile)),
        hostile: FrameworkResult(error=CheckFailed("x")),
    }
    comparison = Comparison(
        plan=planned(),
        dtype="float32",
        images=(hostile,),
        rows=(),
        reference=reference,
        results=results,
    )
    for text in (
        render(Page(planned(), comparison)),
        render(Page(planned(), reason=hostile)),
    ):
        assert Reader(text).tags["script"] == 2  # the page's own, and the data that it reads
        assert "&lt;script&gt;alert(1)" in text


def test_a_notebook_shows_the_page():
    plan = planned("googlenet.slim")
    shown = Page(plan)._repr_html_()
    assert unescape(shown.partition('srcdoc="')[2]).startswith("<!DOCTYPE html>")
    assert f"{plan.parameter_count:,}" in shown
    assert '<base href="about:srcdoc">' in unescape(shown)  # links stay in the frame
    reference = Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1)
    comparison = Comparison(
        plan=plan, dtype="float32", images=("china.jpg",), rows=(), reference=reference, results={}
    )
    compared = Page(plan, comparison, part="comparison")._repr_html_()
    assert 'data-part="comparison"' in unescape(compared)


def test_the_strip_is_logarithmic():
    assert position(0, 1e-5) == position(1e-10, 1e-5) == 5
    assert position(1, 1e-5) == position(7, 1e-5) == 165
    assert position(1e-5, 1e-5) - position(1e-6, 1e-5) == pytest.approx(160 / 9, abs=0.11)
    assert position(1e-12, 1e-12) - position(1e-13, 1e-12) == pytest.approx(160 / 16, abs=0.11)
