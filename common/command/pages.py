"""How the verbs write a page."""

from pathlib import Path

from common.files.atomic import atomic_file
from common.page.render import Page, render

MAPS = 4  # of each step that are drawn


def write_page(out: Path, page: Page) -> None:
    """Writes a page, whole or not at all."""
    with atomic_file(out) as temporary:
        temporary.write_text(render(page), encoding="utf-8")
