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

    env = Environment(
        loader=PackageLoader("common.tools.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {"t": translated, "known": known, "space": SPACE}
    env.globals |= {"phrases": phrases(), "change_text": change_text, "layer_kind": layer_kind}
    env.globals |= {"number": number, "rounded": rounded, "spans": spans}
    env.globals |= {"texts": texts, "named_by": named_by}
    env.globals |= {"box_texts": box_texts, "listing": listing}
    env.globals |= {"shape_text": shape_text, "draw_map": draw_map, "map_rows": LARGEST}
    env.globals |= {"round": lambda value: f"{value:.1f}".removesuffix(".0")}
    return env
