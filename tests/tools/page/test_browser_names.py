"""The page with all its parts in a real browser: what can be named has a name in its language."""

import json
import re

import pytest
from conftest import noise, planned, seeded

from common.data import images
from common.jobs.job import Report
from common.tools.analysis.compare import (
    Comparison,
    FrameworkResult,
    keep_maps,
    make_rows,
    strongest_channels,
)
from common.tools.page.head_gradients import HeadGradients, LayerGradient
from common.tools.page.reference_pass import reference_pass
from common.tools.page.render import Page, render
from common.tools.page.speed import read_speed
from common.tools.page.trained_part import Weights
from common.tools.page.training_curves import ShownRun

pytestmark = pytest.mark.xdist_group("page")
LANGUAGES = ("en", "zh")
CLASSES = ("cat", "dog", "ox", "fly", "eel")
GRADIENT = LayerGradient(path="conv1", without=2.0, with_heads=4.0)
# The accessible name of each element that needs one: its label, its caption or, in a tab, its text.
NAMES = """() => [...document.querySelectorAll(
    "table, nav, svg[role], .plot, [role=tablist], [role=tabpanel], input, select, button, img")]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.outerHTML.slice(0, 200), each.tagName,
    each.getAttribute("aria-label") ?? each.caption?.innerText ?? each.labels?.[0]?.innerText
    ?? document.getElementById(each.getAttribute("aria-labelledby"))?.innerText
    ?? (each.tagName === "BUTTON" ? each.innerText : each.getAttribute("alt"))])"""


def shown_run(name):
    """A training run with one step and two classes."""
    return ShownRun(
        name=name,
        framework="pytorch",
        losses=[(1, 2.0)],
        accuracies=[(1, 0.5)],
        classes=("a", "b"),
        confusion=[[1, 0], [0, 1]],
        note="",
        recipe={},
    )


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A page of a small network with every part that a page can have."""
    plan = planned("googlenet", (96, 96), aux=True, classes=5)
    seen = reference_pass(plan, seeded(plan), noise(plan)[0])
    report = Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1)
    rows = make_rows(plan)
    channels = strongest_channels(rows, seen.outputs, 4)
    maps, logits = keep_maps(seen.outputs, channels), seen.outputs["logits"]
    names = {name: shape for row in rows for name, shape in row.outputs.items()}
    off = FrameworkResult(report, None, names, dict.fromkeys(names, 1e-7), maps, logits)
    compared = Comparison(
        plan=plan,
        dtype="float32",
        images=("a.png",),
        rows=rows,
        reference=report,
        results={"pytorch": off},
        channels=channels,
        maps=maps,
        logits=logits,
    )
    bench = tmp_path_factory.mktemp("bench") / "bench.json"
    figures = {
        "network": "googlenet", "framework": "pytorch", "mode": "tuned", "batch": 1, "size": 224,
        "precision": "float32", "images_per_second": 45.25, "low": 40.0, "high": 50.0, "peak_mb": 9,
    }  # fmt: skip
    tasks = [figures | {"task": task} for task in ("infer", "train")]
    bench.write_text(json.dumps({"machine": {"processor": "A", "cores": 2}, "rows": tasks}))
    return render(
        Page(
            plan,
            compared,
            photographs=images.photographs(),
            runs=[shown_run("one"), shown_run("two")],
            speed=read_speed(bench, "googlenet"),
            reference=seen,
            weights=Weights("run", CLASSES),
            gradients=HeadGradients("pytorch", 2, (GRADIENT,)),
        )
    )


@pytest.fixture
def opened(tab, everything):
    """The page with all its details open."""
    tab.set_content(everything)
    tab.add_style_tag(content=".step { display: block !important }")
    tab.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    return tab


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_needs_a_name_has_one_in_the_right_language(opened, language):
    opened.evaluate("language => setLanguage(language)", language)
    found = [[html, tag, name] for html, tag, name in opened.evaluate(NAMES) if tag != "IMG"]
    assert {tag for _, tag, _ in found} == {
        "TABLE", "NAV", "svg", "DIV", "INPUT", "SELECT", "BUTTON",
    }  # fmt: skip
    for html, _, name in found:
        assert (name or "").strip(), html
    tables = [name for _, tag, name in found if tag == "TABLE"]
    assert len(tables) > 50
    assert sorted(set(tables)) == sorted(tables)  # a list of the page's tables tells them apart
    named = [name for html, tag, name in found if tag in ("TABLE", "NAV") or "data-label" in html]
    for name in named:
        if name not in CLASSES:
            assert bool(re.search("[\u4e00-\u9fff]", name)) == (language == "zh"), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious_in_all_parts(opened, language):
    from axe_playwright_python.sync_playwright import Axe

    opened.evaluate("language => setLanguage(language)", language)
    found = Axe().run(opened).response["violations"]
    grave = {
        v["id"]: v["nodes"][0]["html"] for v in found if v["impact"] in ("serious", "critical")
    }
    assert grave == {}, json.dumps(grave, indent=2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_a_telephone_no_word_of_a_table_is_broken_and_plots_can_be_read(opened, language):
    opened.set_viewport_size({"width": 390, "height": 800})
    opened.evaluate("language => setLanguage(language)", language)
    broken = opened.evaluate("""() => {
      const found = [];
      for (const table of document.querySelectorAll("table")) {
        const walker = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
        while (walker.nextNode())
          for (const word of walker.currentNode.data.matchAll(/[!-~]+/g)) {
            const range = document.createRange();
            range.setStart(walker.currentNode, word.index);
            range.setEnd(walker.currentNode, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map((each) => each.top));
            if (lines.size > 1 && !word[0].slice(1, -1).match(/[-/]/)) found.push(word[0]);
          }
      }
      return found;
    }""")
    assert broken == []
    heights = opened.eval_on_selector_all(
        ".plot text", "all => all.map(each => each.getBoundingClientRect().height).filter(h => h)"
    )
    assert len(heights) > 30
    assert min(heights) > 9
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
