"""The README's pictures, taken from the page; `python tests/pictures.py` regenerates them."""

import re
from pathlib import Path

from common.networks import network
from common.spec.planner import make_plan
from common.tools.page.phrases import read
from common.tools.page.render import Page, render

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
# By name: the id of the part of the page that contains the picture, and the picture's class.
PICTURES = {"googlenet": ("network", "overview"), "inception4a": ("inception4a", "block")}


def picture(name: str) -> str:
    """One picture as a standalone file, which includes the page's style."""
    part, kind = PICTURES[name]
    page = render(Page(make_plan(network("googlenet", aux=True))))
    inside = page[page.index(f'id="{part}"') :]
    [drawing] = re.findall(rf'<svg class="{kind}".*?</svg>', inside, re.DOTALL)[:1]
    style = f"<style>{read('style.css')}</style>"
    box = re.search(r'viewBox="([^"]*)"', drawing)
    assert box
    x, y, width, height = box[1].split()
    ground = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="#fff"/>'
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" class="{kind}"'
    return re.sub(
        rf'<svg class="{kind}"([^>]*)>',
        lambda m: f"{opened}{m[1]}>{style}{ground}",
        drawing,
        count=1,
    )


def main() -> None:
    """Writes every picture."""
    FOLDER.mkdir(exist_ok=True)
    for name in PICTURES:
        (FOLDER / f"{name}.svg").write_text(f"{picture(name)}\n")


if __name__ == "__main__":
    main()
