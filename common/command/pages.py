"""How the verbs write a page."""

from pathlib import Path

from common.command.options import check_not_input
from common.files.atomic import atomic_file, check_folder
from common.page.render import Page, render

MAPS = 4  # of each step that are drawn


def check_page(out: Path | None, *inputs: Path) -> None:
    """Raises UsageError or DataError unless a page, if one is wanted, can be written there."""
    if out:
        check_folder(out)
        check_not_input(out, *inputs)


def write_page(out: Path, page: Page) -> None:
    """Writes a page, whole or not at all."""
    with atomic_file(out) as temporary:
        temporary.write_text(render(page), encoding="utf-8")
