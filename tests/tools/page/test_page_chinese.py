"""The page in Chinese: the words of a lecture, its punctuation, nothing left in English."""

import re
from html import unescape

import pytest
from conftest import noise, planned, seeded
from pages import NOBODY, full

from common.jobs.job import Report
from common.networks import NETWORKS
from common.tools.analysis.compare import Comparison, keep_maps, make_rows, strongest_channels
from common.tools.analysis.published_counts import PUBLISHED
from common.tools.page.diagram import lay_out
from common.tools.page.network_pair import network_data
from common.tools.page.phrases import box_texts, phrase_key, phrases
from common.tools.page.reference_pass import reference_pass
from common.tools.page.render import Page, render

HAN = "[\u4e00-\u9fff]"
# Latin punctuation beside a Chinese letter, or a comma between the numbers of a list.
LATIN = re.compile(rf"{HAN} ?[,;:()]|[,;:()] ?{HAN}|\d, \d")


def chinese_in(text):
    """The Chinese texts of a page, without the paths and numbers between them."""
    return [unescape(each) for each in re.findall(r'<\w+ [^<>]*lang="zh"[^>]*>([^<]*)<', text)]


@pytest.mark.parametrize("name", NETWORKS)
def test_no_chinese_sentence_has_latin_punctuation(name):
    found = chinese_in(render(Page(full(name), reason=NOBODY)))
    assert len(found) > 200
    assert [each for each in found if LATIN.search(each)] == []


def test_no_chinese_text_of_the_script_or_the_table_has_latin_punctuation():
    text = str(network_data())
    shown = re.findall(rf'"([^"]*{HAN}[^"]*)"', text)
    assert len(shown) > 100
    shown += [sentence["zh"] for sentence in phrases().values()]
    assert [each for each in shown if LATIN.search(re.sub(r"`[^`]*`", "", each))] == []
    assert "批量归一化（eps 0.001）" in text


def test_the_parts_that_a_comparison_adds_have_chinese_punctuation():
    plan = planned("googlenet", (96, 96))
    seen = reference_pass(plan, seeded(plan), noise(plan)[0])
    rows, report = (
        make_rows(plan),
        Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1),
    )
    channels = strongest_channels(rows, seen.outputs, 2)
    maps = keep_maps(seen.outputs, channels)
    done = Comparison(
        plan=plan,
        dtype="float32",
        images=("a.png", "b.png"),
        rows=rows,
        reference=report,
        results={},
        channels=channels,
        maps=maps,
    )
    text = re.sub(r"\s*\n\s*", "", render(Page(plan, done, reference=seen)))
    found = chinese_in(text)
    assert [each for each in found if LATIN.search(each)] == []
    assert "图像：a.png、b.png。" in found
    assert any("一个位置在各分支中的感受野：27、43、59 像素。" in each for each in found)
    assert '<span lang="zh">参考实现</span><span lang="en">, </span><span lang="zh">，' in text


def test_every_published_count_says_whose_it_is_in_both_languages():
    for claims in PUBLISHED.values():
        for claim in claims:
            phrase = phrases()[phrase_key("claim", claim.whose)]
            assert phrase["en"] == claim.whose
            assert phrase["zh"] != claim.whose
    text = render(Page(full("googlenet"), reason=NOBODY))
    assert "论文表 1，不含分类器，即“约 6M”" in text


def test_a_head_is_called_an_auxiliary_head():
    text = re.sub(r"\s+", " ", render(Page(full("googlenet"), reason=NOBODY)))
    for head in ("aux1", "aux2"):
        called = '<span lang="en">auxiliary head</span><span lang="zh">辅助分类器</span>'
        assert f"{head}</h3> {called}" in text
        assert f"{head}</a></th> <td>{called}</td>" in text
    assert "输出 1000；" in text


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "inception_v4", "xception"])
def test_the_boxes_of_the_diagram_are_wide_enough_for_chinese(name):
    """A Chinese letter is as wide as the font is high, 8 pixels; a Latin one takes 4.7."""
    boxes = [box for piece in lay_out(full(name)).pieces for box in piece.picture.boxes]
    pools = [box for box in boxes if box.kind == "pool"]
    assert pools
    for box in pools:
        chinese = box_texts(box.text)[-1]
        assert "池化" in chinese
        assert width_of(chinese) <= box.width + 2


def width_of(words):
    """The estimated width of a text in a box of the diagram."""
    return sum(8 if re.match(HAN, letter) else 4.7 for letter in words)
