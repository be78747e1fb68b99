"""The page with the keyboard and a screen reader: where the focus goes, and what is read out."""

import pytest

pytestmark = pytest.mark.xdist_group("page")  # all tests read one page
FOCUS = "document.activeElement.closest('a.piece')?.getAttribute('href')"
HEADING = "document.activeElement.matches('h3') && document.activeElement.innerText"


def piece(page, step):
    """A step's link in the diagram."""
    return page.locator(f"a.piece[href='#{step}']")


def test_after_a_click_in_the_diagram_the_arrow_keys_go_on_from_there(page):
    piece(page, "conv2").click()
    assert page.evaluate(FOCUS) == "#conv2"
    assert page.locator("#conv2").get_attribute("open") is not None
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUS) == "#conv3"
    page.wait_for_selector("#conv3[open]")
    page.keyboard.press("End")
    assert page.evaluate(FOCUS) == "#fc"  # the heads come after it
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUS) == "#avgpool"
    page.keyboard.press("Home")
    assert page.evaluate(FOCUS) == "#conv1"


def test_enter_and_the_links_between_steps_move_the_focus_to_the_steps_heading(page):
    piece(page, "inception3b").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(HEADING) == "inception3b"
    page.locator("#inception3b .turn a[rel=next]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(HEADING) == "maxpool3"
    assert page.locator("#inception3b").get_attribute("open") is None
    page.locator("#maxpool3 .turn a[rel=prev]").click()
    assert page.evaluate(HEADING) == "inception3b"


def test_what_slides_under_the_mouse_does_not_take_the_place_of_the_focus(page):
    piece(page, "inception4e").click()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(150)  # the browser notices what came under the pointer
        step = page.evaluate(FOCUS).removeprefix("#")
        assert page.locator("#readout").inner_text().startswith(f"{step}: ")
    for event in ("pointerover", "pointermove"):  # as of a pointer that rests
        piece(page, "conv1").dispatch_event(event)
    assert page.locator("#readout").inner_text().startswith(f"{step}: ")


def test_the_step_with_the_focus_stays_in_sight_in_the_panel_of_the_diagram(page):
    page.set_viewport_size({"width": 1280, "height": 700})
    piece(page, "inception3a").click()
    for key, step in (("End", "fc"), ("Home", "conv1")):
        page.keyboard.press(key)
        page.wait_for_selector(f"#{step}[open]")
        panel, box = page.locator(".overview").bounding_box(), piece(page, step).bounding_box()
        top = page.locator("#readout").bounding_box()
        assert box["y"] >= top["y"] + top["height"] - 1
        assert box["y"] + box["height"] <= panel["y"] + panel["height"] + 1


def test_a_link_of_the_diagram_says_its_sentence_once_in_one_language(page):
    tree = page.locator(".diagram").aria_snapshot()
    assert tree.count("376,176") == 1
    assert page.locator(".diagram a > title").count() == 0
    for language, said in (("en", "376,176 parameters"), ("zh", "参数量 376,176")):
        page.evaluate("language => setLanguage(language)", language)
        found = page.get_by_role("link", name=said)
        assert found.count() == 1
        name = found.get_attribute("aria-label")
        assert ("输入" in name) == (language == "zh")


def test_what_changes_by_itself_is_read_out_once(page):
    assert page.locator("#against .finding").get_attribute("role") == "status"
    page.evaluate("location.hash = '#inception4a'")
    page.locator("#inception4a [data-axis=row]").fill("8")
    live = page.locator("#inception4a :is([role=status], [aria-live=polite])")
    assert live.count() == 1
    value = page.locator("#inception4a .calculation [data-value=result]").first.inner_text()
    column = page.locator("#inception4a [data-axis=column]").input_value()
    assert live.inner_text().strip() == f"row 8, column {column}: {value}"
    page.locator("#inception4a [data-axis=column]").fill("3")
    value = page.locator("#inception4a .calculation [data-value=result]").first.inner_text()
    page.evaluate("setLanguage('zh')")
    assert live.inner_text().strip() == f"第 8 行，第 3 列：{value}"
    # A slider says its value itself; its output, a live region by default, does not repeat it.
    outputs = page.locator("#inception4a output").all()
    assert [each.get_attribute("aria-live") for each in outputs] == ["off", "off"]


def test_the_photograph_is_described_by_what_each_branch_sees(page):
    page.evaluate("location.hash = '#inception4a'")
    figure = page.locator("#inception4a .fields")
    text = page.locator(f"#{figure.get_attribute('aria-describedby')}")
    page.locator("#inception4a [data-axis=row]").fill("7")
    page.locator("#inception4a [data-axis=column]").fill("7")
    assert "branch3 sees rows 41 to 211 and columns 41 to 211" in text.inner_text()
    page.locator("#inception4a [data-axis=row]").fill("0")
    page.locator("#inception4a [data-axis=column]").fill("13")
    # 171 pixels from -71, every 16 further on; the image ends at 223.
    assert "branch3 sees rows 0 to 99 and columns 137 to 223" in text.inner_text()
    assert text.inner_text().count("branch") == 4
    page.evaluate("setLanguage('zh')")
    assert "branch3 的感受野：图像的第 0 至 99 行、第 137 至 223 列" in text.inner_text()


def test_maps_say_their_channel_and_their_least_and_largest_value(page):
    page.evaluate("location.hash = '#inception4a'")
    row = page.locator("#inception4a .maps tbody tr").nth(1)
    channel = row.locator("th").nth(1).inner_text().split("(")[1].rstrip(")")  # of all
    expected = [f"Channel {channel}: minimum "] * 2 + [f"Difference in channel {channel}: "]
    maps = row.locator(".map").all()
    for each, start in zip(maps, expected, strict=True):
        name, shown = each.get_attribute("aria-label"), each.inner_text().split()
        assert each.get_attribute("role") == "img"
        assert name.startswith(start)
        assert name.endswith(f"{shown[0]}, maximum {shown[1]}")
    assert "largest difference, relative:" in row.locator("td").last.inner_text()
    page.evaluate("setLanguage('zh')")
    assert maps[2].get_attribute("aria-label").startswith(f"通道 {channel} 的差异：最小 ")
    followed = page.locator("#inception4a .branches .map").first
    assert "最大值" in followed.get_attribute("aria-label")


def test_the_title_follows_the_language_and_the_button_of_the_theme_is_pressed(page):
    assert page.title() == "googlenet: layers, numbers, frameworks"
    page.locator("#language").click()
    assert page.title() == "googlenet：各层、数值与框架"
    assert page.locator("#theme").get_attribute("aria-pressed") == "false"
    page.locator("#theme").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
