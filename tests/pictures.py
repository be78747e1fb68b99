"""The README's pictures, drawn as on the page; `python tests/pictures.py` regenerates them."""

from pathlib import Path
from tempfile import TemporaryDirectory

from common.command.pages import write_diagram
from common.data.images import photographs
from common.tools.page.diagram import standalone
from common.tools.page.layer_shapes import LARGE, draw
from common.tools.page.module_drawing import block_drawing
from common.tools.page.network_pair import whole

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PICTURES = ("googlenet", "inception4a")


def picture(name: str) -> str:
    """One picture as a file of its own: the whole network, or one of its modules."""
    plan = whole("googlenet")
    if name != plan.spec.name:
        return standalone(block_drawing(draw(plan.find(name), LARGE), (name, name))) + "\n"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "googlenet.svg"
        write_diagram(file, plan, photographs()[0])
        return file.read_text()


def main() -> None:
    """Writes every picture."""
    FOLDER.mkdir(exist_ok=True)
    for name in PICTURES:
        (FOLDER / f"{name}.svg").write_text(picture(name))


if __name__ == "__main__":
    main()
