"""The book's pages, and the outputs they show: complete, translated, true."""

import re

import bookcode  # noqa: F401
import cells
import compare
import picture_words
import prose
import pytest

CHAPTERS = cells.chapters()
FENCED = re.compile(r"^(`{3,}).*?^\1$", re.M | re.S)
# Texts in pictures that need no translation: numbers, and names with or without a number.
NAMES = r"PyTorch|Keras|Paddle|AlexNet|VGG-16|GoogLeNet|Inception-\S+|Xception"
LAYERS = r"(conv|maxpool|inception|googlenet|xception)[\w.]*"
KEPT = re.compile(rf"^([\W\d_]*|({NAMES}|{LAYERS})(: \d+)?)$")


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter with one cell, which tests break."""
    for framework in cells.FRAMEWORKS:
        code = tmp_path / "code" / "01_one" / f"{framework}.py"
        code.parent.mkdir(parents=True, exist_ok=True)
        code.write_text('# %% count tags=["same"]\nprint("weights: 1,234")\n')
        output = tmp_path / "output" / "01_one" / framework / "count.txt"
        output.parent.mkdir(parents=True)
        output.write_text("weights: 1,234\n")
    for language in ("en", "zh"):
        page = tmp_path / language / "01-one.md"
        page.parent.mkdir()
        page.write_text("# One\n\n```{cell} count\n```\n")
    for module in (cells, compare, prose):
        for name in ("BOOK", "CODE", "OUTPUT"):
            if hasattr(module, name):
                path = tmp_path / ("" if name == "BOOK" else name.lower())
                monkeypatch.setattr(module, name, path)
    prose.record("01-one.md")
    return tmp_path


def test_every_page_is_in_both_languages_with_the_same_parts_and_true_numbers():
    assert prose.page_errors() == []


def test_every_cell_is_shown():
    assert prose.unused_cells() == []


def test_every_output_is_made_by_a_cell():
    assert compare.orphans() == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_stored_outputs_agree_between_frameworks(chapter):
    assert compare.disagreements(chapter, cells.OUTPUT) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_code_is_short(chapter):
    """At most 150 lines per file, 25 per cell of a framework, 45 per figure."""
    for side in cells.sides(chapter):
        assert len(cells.code_file(chapter, side).read_text().splitlines()) <= 150, side
        most = 45 if side == cells.FIGURES else 25
        found = cells.cells_of(chapter, side).values()
        assert [c.name for c in found if c.source.count("\n") >= most] == [], side


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_text_of_a_picture_is_in_chinese(chapter):
    """Names of layers, networks and frameworks are listed as their own translation."""
    table = picture_words.table_of("zh")
    for path in sorted((cells.OUTPUT / chapter).glob("*/*.svg")):
        said = set(picture_words.words(path.read_text()))
        assert {text for text in said if not KEPT.match(text)} - set(table) == set(), path.name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_reads_in_about_twenty_minutes(chapter):
    page = cells.BOOK / "en" / f"{chapter.replace('_', '-', 1)}.md"
    text = FENCED.sub("", prose.FRONT.sub("", page.read_text()))
    assert 1200 <= len(text.split()) <= 3300


def test_a_book_without_errors_has_none(book):
    assert prose.page_errors() + prose.unused_cells() + compare.orphans(book / "output") == []
    assert cells.value("01_one", "count: weights") == "1,234"


def test_a_page_that_changed_after_its_translation_is_reported(book):
    (book / "en" / "01-one.md").write_text("# Two\n\n```{cell} count\n```\n")
    found = prose.page_errors()
    assert found == ["en/01-one.md changed after zh/01-one.md, which must follow it"]


def test_a_page_in_one_language_is_reported(book):
    (book / "en" / "02-two.md").write_text("# Two\n")
    assert prose.page_errors() == ["02-two.md exists in one language only"]


def test_parts_that_differ_between_languages_are_reported(book):
    (book / "zh" / "01-one.md").write_text("# One\n\n## More\n\n```{cell} count\n```\n")
    prose.record("01-one.md")
    assert prose.page_errors() == ["01-one.md: en has cell count where zh has heading 2"]


def test_a_number_that_nothing_printed_is_reported(book):
    page = book / "en" / "01-one.md"
    page.write_text(page.read_text() + "\nIt has 1,234 weights, not 4,321, in 2014.\n")
    prose.record("01-one.md")
    assert prose.page_errors() == ["en/01-one.md: 4,321 is in no output of the chapter"]


def test_a_cell_that_no_page_shows_is_reported(book):
    for framework in cells.FRAMEWORKS:
        code = book / "code" / "01_one" / f"{framework}.py"
        code.write_text(code.read_text() + "\n# %% more\nx = 1\n")
    assert prose.unused_cells()[0] == "01_one: no page shows cell more of pytorch"


def test_frameworks_that_print_other_numbers_are_reported(book):
    (book / "output" / "01_one" / "paddle" / "count.txt").write_text("weights: 1,235\n")
    assert compare.disagreements("01_one", book / "output") == [
        "01_one, cell count must print the same: "
        "pytorch: 'weights: 1,234', paddle: 'weights: 1,235'"
    ]


def test_cells_in_another_order_are_reported(book):
    code = book / "code" / "01_one" / "paddle.py"
    code.write_text('# %% total tags=["same"]\nprint(1)\n')
    with pytest.raises(cells.BookError, match="the cells of pytorch and paddle differ"):
        cells.same_cells("01_one")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("count: bias", "0 lines begin with 'bias'"),
        ("total: weights", "total"),
    ],
)
def test_a_number_that_no_cell_printed_cannot_be_quoted(book, words, line):
    with pytest.raises((cells.BookError, KeyError), match=line):
        cells.value("01_one", words)
    assert book.exists()


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ('<path d="M 1.5 2"/>', '<path d="M 1.6 2"/>', True),
        ('<path d="M 1.5 2"/>', '<path d="M 3.5 2"/>', False),
        ("<text>one</text>", "<text>two</text>", False),
    ],
)
def test_pictures_may_differ_by_half_a_point(before, after, same):
    assert compare.alike(before, after) == same
