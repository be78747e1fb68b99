"""A module as a drawing: its layers as boxes, its branches side by side."""

from collections.abc import Sequence

from common.tools.page.environment import environment
from common.tools.page.layer_shapes import Picture


def block_drawing(picture: Picture, label: Sequence[str]) -> str:
    """A module's picture as SVG; `label` names it in each language."""
    return environment().get_template("block.svg").render(drawn=picture, label=label)
