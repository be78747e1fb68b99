"""The page in a real browser: it opens, its links land, its switches work, everybody can use it."""

import json
import os
import shutil

import pytest
from command import googlenet
from conftest import require

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LANGUAGES, THEMES = ("en", "zh"), ("light", "dark")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """GoogLeNet's page, with one program's answers and another network beside it."""
    require("onnx")
    out = tmp_path_factory.mktemp("page") / "page.html"
    googlenet("page", "--out", out, "-f", "onnx", "--against", "googlenet.torchvision")
    return out


@pytest.fixture(scope="module")
def browser():
    """Chromium; where there is none a skip, and in CI a failure."""
    if not CHROMIUM:
        told = "no browser here: apt install chromium"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, file):
    """The page, opened; in the end nothing was loaded beside it, and nothing went wrong."""
    context = browser.new_context(locale="en-GB")
    opened = context.new_page()
    faults, requests = [], []
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(file.as_uri())
    yield opened
    assert faults == []
    assert {url.partition("#")[0] for url in requests} == {file.as_uri()}
    context.close()


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


def test_a_link_that_was_sent_opens_its_step(page, file):
    page.goto(f"{file.as_uri()}#inception4a")
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
    assert page.get_by_text("Where the numbers are").first.is_visible()
    page.locator("#language").click()
    page.locator("#theme").click()
    page.reload()
    root = page.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("data-theme")) == ("zh", "dark")
    assert page.get_by_text("参数与计算量").first.is_visible()
    assert not page.get_by_text("Where the numbers are").first.is_visible()


def test_the_sum_is_worked_out(page):
    assert page.locator("#sum-direct").inner_text() == "819,200"
    page.locator("#sum input[name=kernel]").fill("3")
    assert page.locator("#sum-direct").inner_text() == f"{512 * 64 * 9:,}"
    assert page.locator("#sum-reduced").inner_text() == f"{512 * 24 + 24 * 64 * 9:,}"


@pytest.mark.parametrize("width", [390, 1920])
def test_it_fits_a_telephone_and_a_projector(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    for language in LANGUAGES:
        page.evaluate("language => setLanguage(language)", language)
        page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious(page, language, theme):
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("([l, t]) => { setLanguage(l); setTheme(t); }", [language, theme])
    page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    found = Axe().run(page).response["violations"]
    grave = {
        v["id"]: v["nodes"][0]["html"] for v in found if v["impact"] in ("serious", "critical")
    }
    assert grave == {}, json.dumps(grave, indent=2)
