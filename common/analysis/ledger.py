"""Where a network's parameters are, term by term, and whose sum of them was published."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from common.plan import Layer, Plan

TERMS = {
    ("Conv", "weight"): "convolution weights",
    ("DepthwiseConv", "weight"): "depthwise convolution weights",
    ("Conv", "bias"): "convolution biases",
    ("BatchNorm", "weight"): "batch norm scale (gamma)",
    ("BatchNorm", "bias"): "batch norm shift (beta)",
    ("BatchNorm", "running_mean"): "batch norm mean, not learned",
    ("BatchNorm", "running_var"): "batch norm variance, not learned",
    ("Linear", "weight"): "linear weights",
    ("Linear", "bias"): "linear biases",
}


@dataclass(frozen=True)
class Term:
    """So many numbers of one kind in one part: the trunk, the classifier or the heads."""

    part: str
    kind: str
    count: int
    learned: bool


@dataclass(frozen=True)
class Published:
    """A count somebody states: of which parts, with the statistics or without."""

    number: int
    whose: str
    parts: tuple[str, ...]
    statistics: bool = False

    def terms(self, ledger: list[Term]) -> list[Term]:
        """The terms of the ledger that are in this count."""
        return [
            term for term in ledger if term.part in self.parts and (term.learned or self.statistics)
        ]


TRUNK, CLASSIFIER, HEADS = "trunk", "classifier", "heads"
BARE, HEADLESS, WHOLE = (TRUNK,), (TRUNK, CLASSIFIER), (TRUNK, CLASSIFIER, HEADS)
TABLE_1 = (
    Published(5_973_552, 'table 1 without classifier, the "about 6M"', BARE),
    Published(6_998_552, "with the classifier, as most people count", HEADLESS),
    Published(13_378_280, "with both auxiliary heads, as the tutorials count", WHOLE),
)
TORCHVISION = (
    Published(6_624_904, "torchvision: parameters(), without heads and statistics", HEADLESS),
    Published(13_004_888, "torchvision with aux_logits=True", WHOLE),
)
ALL, LEARNED = "all that is stored", "all that is learned"
V3 = Published(23_834_568, "torchvision, timm: parameters(), without head", HEADLESS)
XCEPTION = Published(22_855_952, "timm: parameters()", HEADLESS)
PUBLISHED = {
    "inception_v2": (
        Published(11_194_984, "by arithmetic; the paper says 13.6 million", HEADLESS),
    ),
    "inception_v2.slim": (
        Published(10_173_112, "TF-Slim's own test: no logits, statistics counted", BARE, True),
    ),
    "inception_v3": (V3, Published(27_161_264, "torchvision with aux_logits=True", WHOLE)),
    "inception_v3.keras": (
        Published(23_817_352, f"keras.applications, {LEARNED}", HEADLESS),
        Published(23_851_784, f"keras.applications, {ALL}", HEADLESS, True),
        Published(21_802_784, "TF-Slim's own test: no logits, statistics counted", BARE, True),
    ),
    "inception_v3.paddle_vision": (
        Published(23_869_000, "paddle.vision: parameters(), statistics among them", HEADLESS, True),
    ),
    "inception_v4": (Published(42_679_816, "timm: parameters(), which has no head", HEADLESS),),
    "inception_resnet_v1": (
        Published(22_775_528, "the reading with batch norm on the projections", HEADLESS),
    ),
    "inception_resnet_v2": (Published(55_843_464, "timm: parameters(), no head", HEADLESS),),
    "inception_resnet_v2.keras": (
        Published(55_813_192, f"keras.applications, {LEARNED}", HEADLESS),
        Published(55_873_736, f"keras.applications, {ALL}", HEADLESS, True),
    ),
    "xception": (
        XCEPTION,
        Published(22_910_480, f"keras.applications, {ALL}", HEADLESS, True),
    ),
    "xception.timm": (XCEPTION,),
    "googlenet": TABLE_1,
    "googlenet.paper": TABLE_1,
    "googlenet.paddle": TABLE_1,
    "googlenet.d2l": (Published(5_977_530, "Dive into Deep Learning: 1 channel, 10", HEADLESS),),
    "googlenet.slim": (
        Published(5_607_184, "TF-Slim's own test: no logits, statistics counted", BARE, True),
    ),
    "googlenet.torchvision": TORCHVISION,
    "googlenet.torchvision.input": TORCHVISION,
    "googlenet.paddle_vision": (
        Published(11_535_736, "paddle.vision: parameters(), heads always there, no biases", WHOLE),
    ),
}


def ledger(plan: Plan) -> list[Term]:
    """Every term that is not zero, the trunk's first."""
    counts: dict[tuple[str, str, bool], int] = {}
    for layer, part in placed(plan):
        learned = [(name, shape, True) for name, shape in layer.parameters]
        held = [(name, shape, False) for name, shape in layer.statistics]
        for name, shape, is_learned in learned + held:
            key = part, TERMS[type(layer.word).__name__, name], is_learned
            counts[key] = counts.get(key, 0) + prod(shape)
    return [
        Term(part, kind, count, is_learned) for (part, kind, is_learned), count in counts.items()
    ]


def placed(plan: Plan) -> Iterator[tuple[Layer, str]]:
    """Every layer and the part it is in."""
    for layer in plan.body.walk():
        inside = f"{layer.path}.".startswith(f"{plan.network.classifier}.")
        yield layer, CLASSIFIER if inside else TRUNK
    for head in plan.heads.values():
        for layer in head.walk():
            yield layer, HEADS


def claims(plan: Plan) -> list[tuple[Published, list[Term], int]]:
    """Each published count of parts that this plan has, with its terms, and their sum."""
    terms = ledger(plan)
    found = []
    absent = {CLASSIFIER: not plan.network.classes, HEADS: not plan.heads}
    for claim in PUBLISHED.get(plan.network.name, ()):
        if any(absent.get(part) for part in claim.parts):
            continue
        chosen = claim.terms(terms)
        found.append((claim, chosen, sum(term.count for term in chosen)))
    return found
