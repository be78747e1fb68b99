"""Writes the chapters as Jupyter notebooks, one for each framework and language.

python docs/book/builder/notebooks.py [FOLDER]
"""

import base64
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
from cells import BOOK, FIGURES, FRAMEWORKS, cells_of, chapters, drawn, printed, value
from nbformat import v4
from picture_words import table_of, translated
from prose import FRONT, joined

BLOCK = re.compile(r"^(`{3,}|:{3,})\{(\w+)\} ?(.*?)\n(.*?)^\1 *$\n?", re.M | re.S)
OPTION = re.compile(r"^:(\w+): ?(.*)\n?", re.M)
ROLE = re.compile(r"\{(\w+)\}`([^`]+)`")
PAGE_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?://|data:)[^)]*\)")
DIVISION = re.compile(r"^(?=## )", re.M)
INSTALL = """\
# Installs what this notebook needs, if it is missing.
import importlib.util

SOURCE = "../../../../../.."  # the folder, or the URL, of this project's repository
if None in map(importlib.util.find_spec, ("common", "{package}")):
    %pip install --quiet "{{SOURCE}}[{framework}]\""""
PACKAGES = {"pytorch": "torch", "tensorflow": "keras", "paddle": "paddle"}


class Page:
    """A chapter's page in a language, on its way to a notebook of a framework."""

    def __init__(self, chapter: str, language: str, framework: str) -> None:
        self.chapter, self.language, self.framework = chapter, language, framework
        self.exercises = 0
        words = tomllib.loads(Path(__file__).with_name("words.toml").read_text())
        self.words, self.pictures = words[language], table_of(language)

    def notebook(self) -> nbformat.NotebookNode:
        """The notebook: prose, code with its stored outputs, pictures."""
        path = BOOK / self.language / f"{self.chapter.replace('_', '-', 1)}.md"
        text = joined(FRONT.sub("", path.read_text()))
        install = INSTALL.format(package=PACKAGES[self.framework], framework=self.framework)
        found = [*self.cells(text)]
        found.insert(1, v4.new_code_cell(install))
        for number, cell in enumerate(found):
            cell["id"] = f"cell-{number}"  # the same in each build
        about = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        return v4.new_notebook(cells=found, metadata=about)

    def cells(self, text: str) -> Iterator[nbformat.NotebookNode]:
        """Yields the cells of a page: one of prose for each section, one for each directive."""
        end = 0
        for block in BLOCK.finditer(text):
            yield from self.prose(text[end : block.start()])
            yield from self.directive(block[2], block[3], block[4])
            end = block.end()
        yield from self.prose(text[end:])

    def prose(self, text: str) -> Iterator[nbformat.NotebookNode]:
        """Yields the sections of a text as cells, its roles replaced by what they show."""
        plain = PAGE_LINK.sub(r"\1", ROLE.sub(self.role, text))
        for part in DIVISION.split(plain):
            if part.strip():
                yield v4.new_markdown_cell(part.strip())

    def role(self, match: re.Match[str]) -> str:
        """The text that a role shows: a number that a cell printed, or that of a link."""
        if match[1] == "out":
            return value(self.chapter, match[2])
        return match[2].partition(" <")[0]

    def directive(self, kind: str, name: str, body: str) -> Iterator[nbformat.NotebookNode]:
        """Yields a directive's cell; one without a meaning in a notebook has none."""
        options, content = dict(OPTION.findall(body)), OPTION.sub("", body).strip()
        if kind == "cell":
            yield self.code(name)
        elif kind == "drawn":
            yield from self.prose(f"{self.images(name, options['alt'])}\n\n{content}")
        elif kind == "exercise":
            self.exercises += 1
            number = f"{int(self.chapter[:2])}.{self.exercises}"
            heading = f"{self.words['exercise']} {number}{self.words['separator']}"
            yield from self.prose(f"**{heading}{options['title']}**\n\n{content}")
        elif kind != "toctree":
            yield from self.prose("\n".join(f"> {line}" for line in [name, "", content]))

    def code(self, name: str) -> nbformat.NotebookNode:
        """A cell of code, with what it printed and drew."""
        cell = v4.new_code_cell(cells_of(self.chapter, self.framework)[name].source)
        if text := printed(self.chapter, self.framework, name):
            cell.outputs.append(v4.new_output("stream", name="stdout", text=text))
        for path in drawn(self.chapter, self.framework, name):
            picture = {"image/svg+xml": self.picture(path)}
            cell.outputs.append(v4.new_output("display_data", data=picture))
        return cell

    def picture(self, path: Path) -> str:
        """A stored picture in the language of the page."""
        return translated(path.read_text(), self.pictures)

    def images(self, name: str, alt: str) -> str:
        """The pictures that a cell of the figures drew, as Markdown that contains them."""
        found = []
        for path in drawn(self.chapter, FIGURES, name):
            data = base64.b64encode(self.picture(path).encode()).decode()
            found.append(f"![{alt}](data:image/svg+xml;base64,{data})")
        return "\n\n".join(found)


def write_all(folder: Path) -> int:
    """Writes all notebooks as LANGUAGE/FRAMEWORK/CHAPTER.ipynb; returns their number."""
    count = 0
    for language in ("en", "zh"):
        for framework in FRAMEWORKS:
            target = folder / language / framework
            target.mkdir(parents=True, exist_ok=True)
            for chapter in chapters():
                notebook = Page(chapter, language, framework).notebook()
                nbformat.write(notebook, target / f"{chapter.replace('_', '-', 1)}.ipynb")
                count += 1
    return count


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else BOOK / "_build" / "notebooks"
    print(f"{write_all(given)} notebooks in {given}")
