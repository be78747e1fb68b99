"""The Sphinx extension of the book: cells in three tabs, pictures, exercises, numbers of cells.

`{cell} NAME` shows a cell's code in a tab for each framework with its output, `{drawn} NAME` a
picture of figures.py, `{exercise} NAME` an exercise, and the role `{out}` a number that a cell
printed.
"""

import html
import os
import re
import tomllib
from pathlib import Path
from typing import Any, ClassVar

from cells import (
    FIGURES,
    FRAMEWORKS,
    OUTPUT,
    BookError,
    cells_of,
    drawn,
    printed,
    same_cells,
    value,
)
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from docutils.utils.math.latex2mathml import tex2mathml
from picture_words import table_of, translated
from prose import joined
from sphinx.application import Sphinx
from sphinx.search.zh import SearchChinese
from sphinx.util.docutils import SphinxDirective, SphinxRole

WIDE = re.compile(r'(<pre|<div class="(?:math|table-wrapper[^"]*)")>')
WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text())


class BookDirective(SphinxDirective):
    """The base of the directives: the chapter of the page, its language, nested Markdown."""

    required_arguments = 1

    @property
    def chapter(self) -> str:
        """The chapter of the page, as 01_counting for 01-counting.md and its solutions."""
        return Path(self.env.docname).name.replace("-", "_", 1)

    def word(self, key: str) -> str:
        """A word of the page's language."""
        return WORDS[language(self.config)][key]

    def parse(self, lines: list[str]) -> list[nodes.Node]:
        """The nodes of some lines of Markdown."""
        parent = nodes.Element()
        self.state.nested_parse(StringList(lines, self.get_location()), 0, parent)
        return parent.children

    def picture(self, side: str, name: str, alt: str) -> list[nodes.Node]:
        """The pictures that a cell drew, copied into the site in the page's language."""
        found: list[nodes.Node] = []
        for path in drawn(self.chapter, side, name):
            if not alt:
                raise self.error(f"cell {name} draws a picture; describe it with :alt:")
            target = Path(self.env.app.outdir) / "_images" / f"{self.chapter}-{side}-{path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            table = table_of(language(self.config))
            target.write_text(translated(path.read_text(), table))
            up = "../" * self.env.docname.count("/")
            image = nodes.image(uri=f"{up}_images/{target.name}", alt=alt, classes=["drawn"])
            tag = f'<img class="drawn" src="{image["uri"]}" alt="{html.escape(alt)}">'
            found.append(nodes.raw("", tag, format="html"))
        return found

    def text(self, side: str, name: str, word: str) -> list[nodes.Node]:
        """The text that a cell printed, below a line that says so."""
        content = printed(self.chapter, side, name)
        if not content:
            return []
        label = nodes.paragraph("", self.word(word), classes=["output-label"])
        return [label, nodes.literal_block(content, content, language="text", classes=["output"])]


class CellDirective(BookDirective):
    """Shows a cell: its code in three tabs, its output in each, or once where it is the same."""

    option_spec: ClassVar = {"alt": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """The tabs, then what all three printed."""
        name, alt = self.arguments[0], self.options.get("alt", "")
        try:
            same = name in same_cells(self.chapter)
            tabs = self.parse(self.tabs(name))
        except (BookError, KeyError) as error:
            raise self.error(f"no cell {name}: {error}") from None
        if same:
            shared = [*self.text("pytorch", name, "all"), *self.picture("pytorch", name, alt)]
            return [*tabs, *shared]
        items = [item for tab in tabs for item in tab.children]
        for item, framework in zip(items, FRAMEWORKS, strict=True):
            item.children[-1] += self.text(framework, name, "output")
            item.children[-1] += self.picture(framework, name, alt)
        return tabs

    def tabs(self, name: str) -> list[str]:
        """The tabs in Markdown."""
        lines = ["::::{tab-set}", ":sync-group: framework"]
        for framework, title in FRAMEWORKS.items():
            code = cells_of(self.chapter, framework)[name].source
            lines += [f":::{{tab-item}} {title}", f":sync: {framework}", ""]
            lines += ["```python", *code.splitlines(), "```"]
            if not (OUTPUT / self.chapter / framework).exists():
                lines += ["", self.word("missing").format(title)]
            lines += [":::"]
        return [*lines, "::::"]


class DrawnDirective(BookDirective):
    """Shows a picture that a cell of figures.py drew, with its caption and, folded, its code."""

    option_spec: ClassVar = {"alt": directives.unchanged_required}
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The picture, its caption, its code."""
        name = self.arguments[0]
        try:
            code = cells_of(self.chapter, FIGURES)[name].source
        except (BookError, KeyError) as error:
            raise self.error(f"no cell {name} of figures: {error}") from None
        shown = self.picture(FIGURES, name, self.options.get("alt", ""))
        caption = self.parse(list(self.content))
        for part in caption:
            part["classes"].append("caption")
        fold = [
            f":::{{dropdown}} {self.word('how' if shown else 'how_printed')}",
            "```python",
            *code.splitlines(),
            "```",
            ":::",
        ]
        return [*shown, *self.text(FIGURES, name, "output"), *caption, *self.parse(fold)]


class ExerciseDirective(BookDirective):
    """Shows an exercise with its number; its solution is the section `solution-NN-NAME`."""

    option_spec: ClassVar = {"title": directives.unchanged_required}
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The exercise as an admonition that links its solution."""
        name, title = self.arguments[0], self.options["title"]
        number = self.env.temp_data["exercise"] = self.env.temp_data.get("exercise", 0) + 1
        chapter = int(self.chapter.split("_")[0])
        heading = f"{self.word('exercise')} {chapter}.{number}{self.word('separator')}{title}"
        link = f"{{ref}}`{self.word('solution')} <solution-{chapter:02}-{name}>`"
        lines = [
            f"::::{{admonition}} {heading}",
            ":class: exercise",
            f":name: exercise-{chapter:02}-{name}",
        ]
        return self.parse([*lines, "", *self.content, "", link, "::::"])


class OutRole(SphinxRole):
    """A number that a cell printed: `{out}` with "cell: the beginning of its line"."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The number as text."""
        chapter = Path(self.env.docname).name.replace("-", "_", 1)
        try:
            return [nodes.Text(value(chapter, self.text))], []
        except (BookError, KeyError, IndexError) as error:
            message = self.inliner.reporter.error(
                f"{{out}}`{self.text}`: {error}", line=self.lineno
            )
            return [nodes.problematic("", self.text)], [message]


def language(config: Any) -> str:
    """The language of the pages: en or zh."""
    return str(config.language)[:2]


def show_math(writer: Any, node: nodes.Element) -> None:
    """Writes a formula as MathML, which browsers draw without a script."""
    block = isinstance(node, nodes.math_block)
    element = tex2mathml(node.astext(), as_block=block)
    writer.body.append(f'<div class="math">{element}</div>' if block else str(element))
    raise nodes.SkipNode


def join_lines(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Joins the lines of Chinese paragraphs."""
    source[0] = joined(source[0])


def let_scroll(_app: Sphinx, _page: str, _template: str, context: dict, _tree: Any) -> None:
    """Lets the keyboard reach what may be wider than the page: code, formulas and tables."""
    context["body"] = WIDE.sub(r'\1 tabindex="0">', context.get("body", ""))


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directives, the role and the formulas."""
    # Sphinx 9.0 names a stemmer that the Chinese pages lack (sphinx-doc/sphinx issue 14229).
    SearchChinese.language_name = "English"
    app.connect("source-read", join_lines)
    app.connect("html-page-context", let_scroll)
    app.add_directive("cell", CellDirective)
    app.add_directive("drawn", DrawnDirective)
    app.add_directive("exercise", ExerciseDirective)
    app.add_role("out", OutRole())
    app.add_html_math_renderer(
        "mathml", inline_renderers=(show_math, None), block_renderers=(show_math, None)
    )
    return {"parallel_read_safe": os.name != "nt", "parallel_write_safe": True}
