"""The page in a real browser: it opens, its links and switches work, and it is accessible."""

import json
import re

import pytest
from cli import googlenet
from pages import NOBODY, full

from common.networks import NETWORKS
from common.tools.analysis.diff import plan_differences, shape_changes, totals
from common.tools.page.network_pair import network_pair
from common.tools.page.phrases import change_text
from common.tools.page.render import Page, render

pytestmark = pytest.mark.xdist_group("page")  # all tests read one page
LANGUAGES = ("en", "zh")
SIZES = [(390, "light"), (640, "dark"), (1280, "light"), (1280, "dark")]


def test_every_link_lands_on_something_that_is_shown(page):
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    assert len(set(links)) > 20
    for link in dict.fromkeys(links):
        page.evaluate("link => { location.hash = link; }", link)
        page.wait_for_function(
            """link => { const found = document.getElementById(link.slice(1));
            return found && (found.tagName !== 'DETAILS' || found.open)
              && found.getBoundingClientRect().top < innerHeight; }""",
            arg=link,
        )


def test_a_link_that_was_sent_opens_its_step(page, page_file):
    page.goto(f"{page_file.as_uri()}#inception4a")
    page.reload()
    assert page.locator("#inception4a").get_attribute("open") is not None
    assert page.locator("#inception4b").get_attribute("open") is None


def test_the_tab_that_was_chosen_stays_chosen(page):
    page.evaluate("location.hash = '#inception4a'")
    tabs = page.locator("#inception4a [role=tab]")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#code-inception4a-tensorflow").is_visible()
    assert not page.locator("#code-inception4a-pytorch").is_visible()
    page.reload()
    page.evaluate("location.hash = '#inception5b'")
    assert page.locator("#code-inception5b-tensorflow").is_visible()
    assert "layers.MaxPooling2D" in page.locator("#code-inception5b-tensorflow").inner_text()


def test_language_and_theme_are_switched_and_remembered(page):
    assert page.get_by_text("Parameters and multiply-adds").first.is_visible()
    page.locator("#language").click()
    page.locator("#theme").click()
    page.reload()
    root = page.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("data-theme")) == ("zh", "dark")
    assert page.get_by_text("参数量与计算量").first.is_visible()
    assert not page.get_by_text("Parameters and multiply-adds").first.is_visible()


def test_the_sum_is_worked_out(page):
    assert page.locator("#sum-direct").inner_text() == "819,200"
    page.locator("#sum input[name=kernel]").fill("3")
    assert page.locator("#sum-direct").inner_text() == f"{512 * 64 * 9:,}"
    assert page.locator("#sum-reduced").inner_text() == f"{512 * 24 + 24 * 64 * 9:,}"


@pytest.mark.parametrize("wrong", ["0", "251000", "", "2.5", "-3"])
def test_a_wrong_number_gets_a_message_and_no_sum(page, wrong):
    field, message = page.locator("#sum input[name=in]"), page.locator("#sum-wrong")
    assert not message.is_visible()
    field.fill(wrong)
    assert message.inner_text() == "Each field needs a whole number from 1 to 99,999."
    assert field.get_attribute("aria-invalid") == "true"
    assert page.locator("#sum-direct").inner_text() == page.locator("#sum-reduced").inner_text()
    assert page.locator("#sum-direct").inner_text() == "-"
    page.evaluate("setLanguage('zh')")
    assert message.inner_text() == "每一项都须填写 1 至 99,999 的整数。"
    field.fill("512")
    assert not message.is_visible()
    assert field.get_attribute("aria-invalid") == "false"
    assert page.get_by_role("status", name="直接卷积的权重数").inner_text() == "819,200"


def test_the_bars_have_a_legend_and_the_numbers_of_the_table(page):
    legend = page.locator("#numbers .legend > span")
    assert legend.all_inner_texts() == ["parameters", "multiply-adds"]
    for place, kind in enumerate(("parameters", "multiply_adds")):
        key = legend.nth(place).locator(".key")
        shown = key.evaluate("each => getComputedStyle(each).backgroundColor")
        bar = page.locator(f".bars .{kind}").first
        assert bar.evaluate("each => getComputedStyle(each).fill") == shown
    page.locator("details.table summary").click()
    numbers = [row[3:5] for row in texts(page, "#steps tbody tr")]
    counts = page.locator(".bars .count").all_text_contents()
    assert len(counts) == 2 * 20
    assert counts == [number for row in numbers for number in row]
    edge = page.locator(".bars").bounding_box()
    boxes = [each.bounding_box() for each in page.locator(".bars .count").all()]
    assert max(box["x"] + box["width"] for box in boxes) <= edge["x"] + edge["width"] + 1


def test_the_strip_of_differences_says_its_largest(page):
    names = page.eval_on_selector_all(
        "#differences td .strip", "all => all.map(each => each.getAttribute('aria-label'))"
    )
    last = [row[-1] for row in texts(page, "#differences tbody tr")]
    assert names == [f"largest {each}, allowed 1e-05" for each in last]


def test_a_long_name_fits(browser):
    context = browser.new_context(viewport={"width": 390, "height": 800})
    opened = context.new_page()
    opened.set_content(render(Page(full("inception_resnet_v1.facenet"), reason=NOBODY)))
    for language in LANGUAGES:
        opened.evaluate("language => setLanguage(language)", language)
        assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


@pytest.mark.parametrize("width", [390, 1920])
def test_it_fits_a_telephone_and_a_projector(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    for language in LANGUAGES:
        page.evaluate("language => setLanguage(language)", language)
        page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_any_two_networks_are_compared_as_diff_compares_them(page):
    """For every pair, half of them in each order, the page's script agrees with Python."""
    plans = {name: full(name) for name in NETWORKS}
    for place, (one, plan) in enumerate(plans.items()):
        others = [name for i, name in enumerate(plans) if (place + i) % 2 == (place > i)]
        told = page.evaluate(
            """([one, names]) => names.map((two) => [
                changesOf(one, two).map(([texts, paths]) => [texts[0], paths]),
                shapesOf(one, two), [one, two].map((name) => networkData.networks[name].totals),
                findingOf(one, two)])""",
            [one, others],
        )
        for (changes, shapes, sums, finding), name in zip(told, others, strict=True):
            other = plans[name]
            expected = plan_differences(plan, other)
            assert changes == [[change_text(each.change)[0], list(each.paths)] for each in expected]
            assert [tuple(shape) for shape in shapes] == shape_changes(plan, other)
            assert list(zip(*sums, strict=True)) == [(a, b) for _, a, b in totals(plan, other)]
            assert (
                finding | {"places": str(finding["places"])} == network_pair(plan, other).finding()
            )


def texts(page, rows):
    """The texts of a table's cells, as displayed."""
    return page.eval_on_selector_all(
        rows, "all => all.map(r => [...r.cells].map(c => c.innerText))"
    )


def test_two_networks_are_chosen_with_the_keyboard(page):
    assert page.locator("#two select[name=second]").input_value() == "googlenet.torchvision"
    page.locator("#two select[name=second]").focus()
    page.keyboard.type("inception_v2")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    chosen = "googlenet.paper", "inception_v2"
    assert texts(page, "#about thead tr") == [["network", *chosen]]
    printed = re.sub(r"\n {20,}", " ", googlenet("diff", *chosen))  # joins wrapped lines
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert texts(page, "#about tbody tr")[0][2] == "arXiv:1502.03167"
    for row in texts(page, "#shapes tr") + texts(page, "#totals tr"):
        assert " ".join(row) in lines
    shown = texts(page, "#changes tbody tr")
    assert len(shown) > 10
    for row in shown:
        assert " ".join(row).replace("rounded up (ceil)", "CEIL") in lines
    sentence = page.locator("#against .finding").inner_text()
    assert "inception_v2 has 0.84 times the parameters of googlenet.paper" in sentence
    page.evaluate("setLanguage('zh')")
    assert "inception_v2 的参数量是 googlenet.paper 的 0.84 倍" in (
        page.locator("#against .finding").inner_text()
    )
    assert texts(page, "#changes tbody tr")[0][0] != shown[0][0]
    assert not page.locator("#nothing").is_visible()
    assert not page.locator("#alike").is_visible()
    page.select_option("#two select[name=first]", "inception_v2")
    assert page.locator("#alike").is_visible()
    assert page.locator("#nothing").is_visible()
    assert not page.locator("#changes").is_visible()


def test_without_scripts_everything_is_still_there(browser, page_file):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(page_file.as_uri())
    assert not opened.locator("#two").is_visible()
    assert opened.locator("noscript p").is_visible()
    assert opened.locator("#changes tbody tr").first.is_visible()
    opened.locator("#inception5a summary").click()
    assert opened.locator("#code-inception5a-paddle").is_visible()
    context.close()


def test_no_names_on_the_plane_cover_one_another(page):
    boxes = page.eval_on_selector_all(
        ".plane text",
        """all => all.map(each => each.getBoundingClientRect()).filter(box => box.width)
        .map(box => [box.left, box.top, box.right, box.bottom - 2])""",
    )
    assert len(boxes) > 15
    for place, (left, top, right, bottom) in enumerate(boxes):
        for a, b, c, d in boxes[:place]:
            assert right <= a or c <= left or bottom <= b or d <= top


def test_it_prints_what_is_open_in_black_on_white(page):
    page.evaluate("setTheme('dark'); location.hash = '#inception4a'")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})  # the printable width of an A4 sheet
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for part in ("nav", "#two", "[role=tablist]", "#inception4b", "#code-inception4a-paddle"):
        assert not page.locator(part).first.is_visible(), part
    for part in ("#inception4a .block", "#code-inception4a-pytorch", "#differences", "#changes"):
        assert page.locator(part).is_visible(), part
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) < 12


@pytest.mark.parametrize(("width", "theme"), SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious(page, language, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("([l, t]) => { setLanguage(l); setTheme(t); }", [language, theme])
    for kind in ("maxpool1", "inception4a", "aux1"):  # a step of each kind
        page.evaluate("id => { document.getElementById(id).open = true; }", kind)
    found = Axe().run(page).response["violations"]
    grave = {
        v["id"]: v["nodes"][0]["html"] for v in found if v["impact"] in ("serious", "critical")
    }
    assert grave == {}, json.dumps(grave, indent=2)
