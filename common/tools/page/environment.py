"""The Jinja environment of the page's templates."""

from functools import cache
from typing import TYPE_CHECKING

from common.spec import shape_text
from common.tools.page.maps import LARGEST, draw_map
from common.tools.page.phrases import (
    SPACE,
    box_texts,
    change_text,
    known,
    layer_kind,
    listing,
    named_by,
    number,
    phrases,
    rounded,
    spans,
    texts,
    translated,
)

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> "Environment":
    """The environment of the folder `templates`, with the functions that they call."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # slow to import

    made = Environment(
        loader=PackageLoader("common.tools.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"t": translated, "known": known, "space": SPACE}
    made.globals |= {"phrases": phrases(), "change_text": change_text, "layer_kind": layer_kind}
    made.globals |= {"number": number, "rounded": rounded, "spans": spans}
    made.globals |= {"texts": texts, "named_by": named_by}
    made.globals |= {"box_texts": box_texts, "listing": listing}
    made.globals |= {"shape_text": shape_text, "draw_map": draw_map, "map_rows": LARGEST}
    made.globals |= {"round": lambda value: f"{value:.1f}".removesuffix(".0")}
    return made
