"""The page's part about the network in a real browser: its diagram, cells and code."""

import pytest

pytestmark = pytest.mark.xdist_group("page")  # all tests read one page


def test_a_cell_is_chosen_with_keys_and_on_a_map(page):
    page.evaluate("location.hash = '#inception4a'")
    module = page.locator("#inception4a .followed")
    line = module.locator(".fields .f2 .line")
    module.locator("[data-axis=row]").focus()  # may scroll the page
    before = line.bounding_box()
    page.keyboard.press("ArrowRight")
    assert module.locator("output").first.inner_text() == "8"
    scale = module.locator(".fields").bounding_box()["width"] / (224 + 2 * 31)
    assert line.bounding_box()["y"] - before["y"] == pytest.approx(16 * scale, abs=1)
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")  # no further than the map
    assert module.locator("output").first.inner_text() == "13"
    module.locator(".frame").first.click(position={"x": 1, "y": 1})
    assert [each.inner_text() for each in module.locator("output").all()] == ["0", "0"]


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
    assert opened.locator("#code-inception3a-paddle .printed").is_visible()
    context.close()


def test_the_module_shows_all_its_branches_on_a_telephone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate("location.hash = '#inception4a'")
    for box in page.locator("#inception4a .block rect, #inception4a .branches .map").all():
        place = box.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 390
