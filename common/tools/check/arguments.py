"""Fills the arguments of a user's class or function by their usual names."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.spec import Shape

UNKNOWN = object()


@dataclass(frozen=True)
class Symbolic:
    """The value of an argument that is the network's input itself, as Keras functions take it."""

    size: Shape


# Arguments that keep a published network from downloading weights or returning probabilities.
SWITCHES: Mapping[str, Any] = {
    "weights": None,
    "pretrained": False,
    "classifier_activation": None,
    "init_weights": False,
}
NAMES: Sequence[tuple[str, str]] = (
    (r"(?!classifier).*class.*|(n|num)_?cls|(num|n|nb)_?(labels|outputs?)|labels|out(put)?_(dim|size|num)"
     r"|n_?out|embeddings?_?(dim|size)", "classes"),
    (r"(in|input|img|image)s?_?(ch|chans?|channels?|planes|dims?|depth)|ch_in|n_?channels|channels?"
     r"|nc|depth|num_channels", "channels"),
    (r"(input|img|image|in)_?shape|shape|input_dims?", "shape"),
    (r"(input|img|image)_?(size|res|resolution)|resolution", "side"),
    (r"(img|image|input)?_?(height|width|rows|cols|h|w)", "side"),
    (r"x|inputs?|input_?tensor|img|images?|img_?input|input_?(layer|img|image|data)|data|tensor",
     "symbol"),
    (r".*(drop|dropout).*|rate|p", "dropout"),
    (r".*keep.*", "keep"),
    (r"include_top|bias|use_bias", "yes"),
    (r".*aux.*", "heads"),
    (r"transform_input|pretrained|(is_?)?train(ing)?|reuse|init_weights|progress|verbose|phase",
     "no"),
    (r"name|scope|prefix", "name"),
    (r"weight_?decay|l2|reg|regularization|decay", "zero"),
    (r"eps|epsilon|bn_eps", "eps"),
    (r"hidden_?(units|size|dim|features|nodes)", "hidden"),
    (r"weights|weights_path|pooling|device|input_tensor|checkpoint|model_path|label|targets?|y"
     r"|y_true", "none"),
)  # fmt: skip


def value_for(name: str, size: Shape, classes: int, heads: bool) -> Any:
    """The value of an argument with a usual name; UNKNOWN for any other name."""
    kind = next((kind for usual, kind in NAMES if re.fullmatch(usual, name.lower())), "")
    channels, side, other = size
    return {
        "classes": classes,
        "channels": channels,
        "shape": (side, other, channels),
        "side": side,
        "symbol": Symbolic(size),
        "dropout": 0.4,
        "keep": 0.6,
        "yes": True,
        "heads": heads,
        "no": False,
        "name": "net",
        "zero": 0.0,
        "eps": 1e-3,
        "hidden": 512,
        "none": None,
    }.get(kind, UNKNOWN)


def required(thing: Any) -> list[str]:
    """The names of the arguments that a class or function needs."""
    return [
        each.name
        for each in parameters_of(thing).values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]


def parameters_of(thing: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of a class or function, without `self`; none where they are not known."""
    try:
        own = dict(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return {}
    own.pop("self", None)
    return own


def fill(thing: Any, size: Shape, classes: int, heads: bool) -> dict[str, Any]:
    """The arguments for a class or function; UNKNOWN for each that has no usual name."""
    own = parameters_of(thing)
    given = {name: value for name, value in SWITCHES.items() if name in own}
    if "input_shape" in own and own["input_shape"].default is None:  # as in keras.applications
        given["input_shape"] = value_for("input_shape", size, classes, heads)
    for name in required(thing):
        given.setdefault(name, value_for(name, size, classes, heads))
    return given


def call_text(name: str, given: Mapping[str, Any]) -> str:
    """A call as a user would write it, such as `Net(classes=10)`."""
    shown = {
        key: "..." if value is UNKNOWN else "input" if isinstance(value, Symbolic) else repr(value)
        for key, value in given.items()
    }
    return f"{name}({', '.join(f'{key}={value}' for key, value in shown.items())})"
