"""Configures Sphinx for the book, in English (docs/book/en) and in Chinese (docs/book/zh)."""

import sys
import tomllib
from pathlib import Path

BOOK = Path(__file__).parent
sys.path.insert(0, str(BOOK / "builder"))

TITLES = tomllib.loads((BOOK / "builder" / "words.toml").read_text())["title"]
author = "The authors of googlenet-family"
extensions = ["myst_parser", "sphinx_design", "extension"]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
html_theme = "furo"
html_static_path = [str(BOOK / "static")]
html_css_files = ["book.css"]
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a browser forbids for files
html_show_copyright = False
language = "en"
exclude_patterns = ["_build"]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app):
    """Sets what depends on the language."""
    app.connect("config-inited", set_language)


def set_language(_, config):
    """Sets the title of the book, and the dictionary with which Chinese text is searched."""
    config.project = config.html_title = TITLES[config.language[:2]]
    config.html_search_options = {"dict": str(BOOK / "zh" / "terms.txt")}
