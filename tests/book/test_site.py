"""The site of the book in both languages: it builds, its links land, and a browser is content."""

import subprocess
import sys
from urllib.parse import unquote

import bookcode
import pytest
from pages import Reader

LANGUAGES = {"en": "en", "zh": "zh_CN"}
WIDTHS = (390, 1280)
CHAPTER = "01-counting"
ENGLISH = bookcode.BOOK / "en"
PAGES = sorted(str(path.relative_to(ENGLISH).with_suffix("")) for path in ENGLISH.rglob("*.md"))
TERMS = {"en": "padding", "zh": "感受野"}
pytestmark = pytest.mark.xdist_group("book")  # all tests read one site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder with the site, as `make book` writes it."""
    folder = tmp_path_factory.mktemp("site")
    for name, language in LANGUAGES.items():
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
        options = ["-c", str(bookcode.BOOK), "-D", f"language={language}"]
        folders = ["-d", str(folder / f"trees-{name}"), str(bookcode.BOOK / name)]
        done = subprocess.run(
            [*command, *options, *folders, str(folder / name)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    return folder


def read(path):
    """The ids and links of a page."""
    return Reader(path.read_text())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_lands(site, language):
    pages = {path: read(path) for path in (site / language).rglob("*.html")}
    assert len(pages) > 5
    for path, page in pages.items():
        for link in page.links:
            file, _, anchor = link.partition("#")
            if "://" in link or link.startswith(("data:", "mailto:")):
                continue
            target = (path.parent / unquote(file.partition("?")[0])).resolve() if file else path
            assert target.exists(), (path.name, link)
            if anchor and target in pages:
                assert unquote(anchor) in pages[target].ids, (path.name, link)


def test_the_framework_that_was_chosen_stays_chosen_on_the_next_page(site, tab):
    tab.goto((site / "en" / "01-counting.html").as_uri())
    tab.locator("label.sd-tab-label", has_text="Paddle").first.click()
    assert tab.get_by_text("import paddle", exact=False).first.is_visible()
    tab.goto((site / "en" / "02-why.html").as_uri())
    checked = tab.locator("input:checked + label.sd-tab-label").all_text_contents()
    assert set(map(str.strip, checked)) == {"Paddle"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_search_finds_a_term(site, tab, language):
    tab.goto(f"{(site / language / 'search.html').as_uri()}?q={TERMS[language]}")
    tab.wait_for_selector("#search-results li a")
    assert tab.locator("#search-results li a").count() >= 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chapter_is_accessible_and_fits(site, tab, language, width):
    look_at(tab, site / language / f"{CHAPTER}.html", width)


@pytest.mark.long
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [name for name in PAGES if name != CHAPTER])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits(site, tab, language, name, width):
    look_at(tab, site / language / f"{name}.html", width)


def look_at(tab, path, width):
    """Opens a page at a width: axe finds nothing serious, and nothing is cut at the side."""
    from axe_playwright_python.sync_playwright import Axe

    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(path.as_uri())
    found = Axe().run(tab, options={"preload": False}).response["violations"]
    serious = [
        (rule["id"], rule["nodes"][0]["html"][:200])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == [], path.name
    assert tab.evaluate("document.documentElement.scrollWidth") <= width, path.name
