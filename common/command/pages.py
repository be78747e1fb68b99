"""Writes HTML pages for the commands."""

from pathlib import Path

from common.files.atomic import atomic_file
from common.tools.page.render import Page, render

MAPS = 4  # drawn per step


def write_page(out: Path, page: Page) -> None:
    """Writes a page atomically."""
    with atomic_file(out) as temporary:
        temporary.write_text(render(page), encoding="utf-8")
