"""Plants mistakes in printed source: reads planted.toml and makes its edits."""

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from common.networks import network
from common.spec import Shape
from common.spec.planner import make_plan
from common.tools.source.printer import import_printer

SIZES = {"inception_v3": 107, "inception_resnet_v2": 107}
WITH_HEADS = 160
Source = tuple[str, Shape, bool]  # a network, its input, and whether it has its heads
# PyTorch's names in Paddle, the longest first.
PADDLE = {
    "self.avgpool = nn.AdaptiveAvgPool2d(1)": "self.avgpool = GlobalAvgPool()",
    "nn.MaxPool2d(3, 2, ceil_mode=True)": "nn.MaxPool2D(3, 2, padding=(0, 1, 0, 1))",
    "nn.BatchNorm2d(channels, eps=0.001, momentum=0.1)": (
        "nn.BatchNorm2D(channels, epsilon=0.001, momentum=0.9)"
    ),
    "eps=": "epsilon=",
    "2d(": "2D(",
    "bias=False": "bias_attr=False",
    "x.permute(0, 2, 3, 1)": "x.transpose([0, 2, 3, 1])",
}
DO = '''class Do({base}):
    """A step that is a function."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    def forward(self, x):
        return self.act(x)


'''


@dataclass(frozen=True)
class Mistake:
    """One row of planted.toml."""

    kind: str
    pytorch: dict[str, str]
    tensorflow: dict[str, str]
    found: dict[str, str] = field(default_factory=dict)  # empty if it is not a mistake
    paddle: dict[str, str] = field(default_factory=dict)
    found_tensorflow: dict[str, str] = field(default_factory=dict)
    network: str = "googlenet"
    at: str = ""
    heads: bool = False

    @property
    def source(self) -> Source:
        """The network in which the mistake is made, at the smallest size that shows everything."""
        size = WITH_HEADS if self.heads else SIZES.get(self.network, 64)
        return self.network, (3, size, size), self.heads

    def edits(self, framework: str) -> dict[str, str]:
        """The replacements to make in one framework's source."""
        own: dict[str, str] = getattr(self, framework)
        return own or {in_paddle(old): in_paddle(new) for old, new in self.pytorch.items()}

    def wanted(self, framework: str) -> dict[str, str]:
        """The differences that the check must report: layer and kind, each a pattern."""
        return (
            self.found_tensorflow
            if framework == "tensorflow" and self.found_tensorflow
            else self.found
        )

    def plant(self, text: str, framework: str) -> str:
        """The source with the mistake in it."""
        text, block = own_block(text, self.at) if self.at else (text, "")
        for old, new in self.edits(framework).items():
            if block and old in block:
                changed = block.replace(old, new)
                text, block = text.replace(block, changed), changed
            else:
                found = text.count(old)
                if found != 1:
                    raise ValueError(f"{self.kind}, {framework}: {old!r} stands {found} times")
                text = text.replace(old, new)
        return text


MISTAKES = [
    Mistake(**row)
    for row in tomllib.loads(Path(__file__).with_name("planted.toml").read_text())["planted"]
]


def own_block(text: str, step: str) -> tuple[str, str]:
    """The source with a copy of a step's block for that step only, and the copy."""
    made = re.search(rf'self\.{step} = (\w+)\(|= (\w+)\(.*name="{step}"\)', text)
    name = made and (made[1] or made[2])
    block = name and re.search(rf"^(class|def) {name}\(.*?\n\n\n", text, re.M | re.S)
    if not made or not name or not block:
        raise ValueError(f"no block of its own makes {step}")
    copy = block[0].replace(f" {name}(", f" Own{step}(", 1)
    call = made[0].replace(f"= {name}(", f"= Own{step}(")
    # The copy still counts as a head.
    text = text.replace(f"(layer, {name})", f"(layer, {name} | Own{step})")
    return text.replace(made[0], call).replace(block[0], block[0] + copy), copy


def in_paddle(text: str) -> str:
    """PyTorch source translated to Paddle."""
    for old, new in PADDLE.items():
        text = text.replace(old, new)
    return text


@cache
def printed(framework: str, name: str, shape: Shape, heads: bool) -> str:
    """A network's plain source, with a class for a step that is a function."""
    plan = make_plan(network(name, shape, aux=heads))
    text = import_printer(framework).source(plan).text
    base = {"pytorch": "nn.Module", "paddle": "nn.Layer"}.get(framework)
    return text.replace("\n\n\n", "\n\n\n" + DO.format(base=base), 1) if base else text


def planted(framework: str, mistakes: list[Mistake]) -> str:
    """The source with these mistakes in it; raises ValueError if they cannot be combined."""
    text = printed(framework, *mistakes[0].source)
    for mistake in mistakes:
        text = mistake.plant(text, framework)
    return text


def pairs(framework: str, count: int, seed: int = 0) -> Iterator[list[Mistake]]:
    """Yields random pairs of mistakes in one network that do not touch the same layers."""
    draw = random.Random(seed)
    while count:
        pair = draw.sample([each for each in MISTAKES if each.found], 2)
        places = [{layer.split(".")[0] for layer in each.found} | {each.at} for each in pair]
        if pair[0].source != pair[1].source or places[0] & places[1] - {""}:
            continue
        try:
            planted(framework, pair)
        except ValueError:
            continue
        yield pair
        count -= 1
