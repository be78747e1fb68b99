"""The page's part about the network in a real browser: its diagram, cells and code."""

import io
import re

import numpy as np
import pytest
from pages import full
from PIL import Image

from common.data import images
from common.spec.initial import initial_arrays
from common.tools.page.reference_pass import reference_pass

pytestmark = pytest.mark.xdist_group("page")  # all tests read one page


def test_a_cell_is_chosen_with_keys_and_on_a_map(page):
    page.evaluate("location.hash = '#inception4a'")
    module = page.locator("#inception4a .cell-fields")
    line = module.locator(".fields .f2 .line")
    module.locator("[data-axis=row]").focus()  # may scroll the page
    before, start = line.bounding_box(), int(module.locator("output").first.inner_text())
    page.keyboard.press("ArrowRight")
    assert module.locator("output").first.inner_text() == str(start + 1)
    box = module.locator(".fields").get_attribute("viewBox").split()
    scale = module.locator(".fields").bounding_box()["width"] / float(box[2])
    assert line.bounding_box()["y"] - before["y"] == pytest.approx(16 * scale, abs=1)
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")  # no further than the map
    assert module.locator("output").first.inner_text() == "13"
    module.locator(".frame").first.click(position={"x": 1, "y": 1})
    assert [each.inner_text() for each in module.locator("output").all()] == ["0", "0"]


def rows(page, table):
    """The texts of a table's rows, as displayed."""
    return page.eval_on_selector_all(
        f"{table} tr", "all => all.map(r => [...r.cells].map(c => c.innerText.trim()))"
    )


def choose(page, step, cell):
    """Chooses a cell of a step with its sliders."""
    for axis, place in zip(("row", "column"), cell, strict=True):
        page.locator(f"#{step} [data-axis={axis}]").fill(str(place))


@pytest.fixture(scope="module")
def seen():
    """The reference's arrays for the page's first photograph and weights."""
    plan = full("googlenet")
    x = images.batch(images.photographs()[:1], plan.spec.input, plan.spec.preprocess)
    return reference_pass(plan, initial_arrays(plan, seed=0, random_stats=True), x[0])


@pytest.mark.parametrize("step", ["inception3a", "inception4a", "inception5b"])
def test_the_number_of_a_chosen_cell_is_the_references(page, seen, step):
    _, height, width = full("googlenet").find(step).output
    page.evaluate("id => { location.hash = `#${id}`; }", step)
    first = rows(page, f"#{step} .calculation")
    begun = [int(each.inner_text()) for each in page.locator(f"#{step} output").all()]
    for cell in ((0, 0), (height - 1, width - 1), (2, 5), tuple(begun)):
        choose(page, step, cell)
        lead = page.locator(f"#{step} .calculation p").first.inner_text()
        path, *place = re.match(
            r"(\S+), channel (\d+) of .*, row (\d+), column (\d+)", lead
        ).groups()
        channel, *shown_cell = map(int, place)
        assert tuple(shown_cell) == cell
        table = rows(page, f"#{step} .calculation")
        [value] = [row[1] for row in table if row[0].startswith("reference")]
        expected = seen.outputs[path][0, channel, *cell]
        assert value == f"{expected:.10g}"
        check_products(table, seen, path, channel)
        [[_, own, apart]] = [row for row in table if row[0].startswith("onnx")]
        assert float(own) - expected == pytest.approx(float(apart), rel=0.06)
        largest = abs(seen.outputs[path][0]).max()
        assert abs(float(apart)) < 1e-5 * largest
        said = page.locator(f"#{step} .calculation > p:not(.unseen)").last.inner_text()
        assert f"reference here is {apart.strip('+-')}." in said
    assert table == first  # the last cell is the one chosen at first


def test_a_dead_cell_of_paddle_says_why_it_is_below_0(page):
    page.evaluate("location.hash = '#inception4a'")
    page.evaluate("""() => {
      const source = document.querySelector("#inception4a .calculation script");
      const data = JSON.parse(source.textContent);
      data.frameworks.onnx[0] = -2.2e-21;
      source.textContent = JSON.stringify(data);
    }""")
    slope = page.locator("#inception4a .slope")
    assert not slope.is_visible()
    choose(page, "inception4a", (0, 0))
    assert slope.is_visible()
    assert "so that NaN is not lost" in slope.inner_text()
    choose(page, "inception4a", (0, 1))
    assert not slope.is_visible()


def check_products(table, seen, path, channel):
    """Checks the products of a worked number, and that they add up to the sum and the value."""
    x, weight = seen.inputs[f"{path}.conv"][0], seen.weights[f"{path}.conv.weight"][channel]
    products = [row for row in table if row[0].startswith("channel")]
    assert len(products) == 5
    for place, value, factor, product in products:
        c, row, column = map(int, re.findall(r"\d+", place))
        assert float(value) == pytest.approx(x[c, row, column], rel=5.1e-9)
        own = float(factor.removeprefix("×"))
        assert abs(weight[c] / own - 1).min() < 5.1e-9
        assert product == f"{float(value) * own:.6f}"
    more, total, biased, result = (float(row[-1]) for row in table[6:10])
    assert sum(float(row[3]) for row in products) + more == pytest.approx(total, abs=4e-6)
    bias = seen.weights[f"{path}.conv.bias"][channel]
    assert float(table[8][1]) == pytest.approx(bias, abs=5.1e-7)
    assert biased == pytest.approx(total + bias, abs=1.1e-6)
    assert result == max(biased, 0)


def test_a_cell_is_chosen_on_the_photograph(page):
    page.evaluate("location.hash = '#inception4a'")
    for share, cell in {(0.01, 0.99): [0, 13], (0.6, 0.3): [8, 4]}.items():
        page.locator("#inception4a .fields").scroll_into_view_if_needed()
        figure = page.locator("#inception4a .fields .edge").bounding_box()
        place = figure["x"] + share[1] * figure["width"], figure["y"] + share[0] * figure["height"]
        page.mouse.click(*place)
        assert [
            int(each.inner_text()) for each in page.locator("#inception4a output").all()
        ] == cell
        assert (
            f"row {cell[0]}, column {cell[1]}"
            in page.locator("#inception4a .calculation").inner_text()
        )


def test_a_cell_is_chosen_by_touch(browser, page_file):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    opened = context.new_page()
    opened.goto(f"{page_file.as_uri()}#inception4a")
    figure = opened.locator("#inception4a .branches .frame").nth(2)
    box = figure.bounding_box()
    figure.tap(position={"x": 0.5 * box["width"] / 14, "y": 12.5 * box["height"] / 14})
    assert "row 12, column 0" in opened.locator("#inception4a .calculation").inner_text()
    context.close()


def test_the_arrow_keys_go_from_step_to_step_in_the_diagram(page):
    page.locator("a.piece[href='#inception4a']").focus()
    assert "376,176 parameters" in page.locator("#readout").inner_text()
    page.keyboard.press("ArrowDown")
    assert page.locator("#inception4b").get_attribute("open") is not None
    assert page.locator("#inception4a").get_attribute("open") is None
    assert "449,160 parameters" in page.locator("#readout").inner_text()
    assert page.locator("a.piece.chosen").get_attribute("href") == "#inception4b"
    page.locator("a.piece[href='#conv2']").hover()
    assert "receptive field" in page.locator("#readout").inner_text()


def test_the_panel_of_the_diagram_shows_that_there_is_more(page):
    """The lowest rows of the panel are dark while it can be scrolled, and no longer at its end."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("setTheme('light'); location.hash = '#inception4a'")
    panel = page.locator(".overview")
    assert panel.evaluate("each => each.scrollHeight > each.clientHeight + 200")
    page.wait_for_function(
        "() => document.querySelector('.overview').getBoundingClientRect().top < 1"
    )
    box = panel.bounding_box()

    def darkness():
        clip = {"x": box["x"] + 2, "y": box["y"] + box["height"] - 3, "width": 8, "height": 2}
        shot = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("L")
        return 255 - np.asarray(shot).mean()

    assert darkness() > 40
    panel.evaluate("each => { each.scrollTop = each.scrollHeight; }")
    assert darkness() < 10


def test_a_step_closed_by_hand_opens_again_by_the_same_link(page):
    page.locator("a.piece[href='#inception3b']").click()
    page.locator("#inception3b > summary").click()
    assert page.locator("#inception3b").get_attribute("open") is None
    page.locator("a.piece[href='#inception3b']").click()
    assert page.locator("#inception3b").get_attribute("open") is not None


def test_few_tab_stops_come_before_the_content(page):
    stops = 0
    while not page.evaluate("document.activeElement.closest('main')"):
        page.keyboard.press("Tab")
        stops += 1
    assert stops <= 12


def test_home_and_end_choose_the_first_and_last_tab(page):
    page.evaluate("location.hash = '#inception4a'")
    page.locator("#inception4a [role=tab]").first.focus()
    page.keyboard.press("End")
    assert page.locator("#code-inception4a-paddle").is_visible()
    page.keyboard.press("Home")
    assert page.locator("#code-inception4a-pytorch").is_visible()


def test_without_scripts_nothing_dead_looks_clickable_and_the_systems_theme_holds(
    browser, page_file
):
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    opened = context.new_page()
    opened.goto(page_file.as_uri())
    for part in ("#language", "#theme", "[role=tablist]", ".cells", "#sum label"):
        assert not opened.locator(part).first.is_visible(), part
    ground = "getComputedStyle(document.body).backgroundColor"
    assert opened.evaluate(ground) == "rgb(23, 24, 28)"
    opened.locator("#inception3a > summary").click()
    assert "channel 11 of branch3" in opened.locator("#inception3a .calculation").inner_text()
    assert opened.locator("#code-inception3a-paddle .printed").is_visible()
    context.close()


def test_the_module_shows_all_its_branches_on_a_telephone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate("location.hash = '#inception4a'")
    for box in page.locator("#inception4a .block rect, #inception4a .branches .map").all():
        place = box.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 390
