"""Plants mistakes that students make in a network, by which "find the mistake" sheets are made."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from common.networks.googlenet import INCEPTION
from common.networks.overrides import remove, replace_at
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    Dropout,
    Layer,
    Linear,
    MaxPool,
    NetworkSpec,
)
from common.spec.rewrite import Override, rewrite_network

COLUMNS = {
    "1x1": "branch1",
    "3x3 reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5 reduce": "branch3.0",
    "5x5": "branch3.1",
    "pool proj": "branch4.1",
}
TRIES = 50  # draws until a mistake is one that was not drawn before


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mistake: what it is, in English and Chinese, and where, and the override that makes it."""

    en: str
    zh: str
    where: str
    change: Override

    def plant(self, network: NetworkSpec) -> NetworkSpec:
        """The network with the mistake in it."""
        return rewrite_network(network, self.change)


def mistakes(draw: random.Random, count: int) -> Iterator[Mistake]:
    """Yields this many mistakes; no two in a row are of the same type.

    Those of a type with few different mistakes only come back when many are asked for.
    """
    before: Callable | None = None
    seen: set[tuple[str, str]] = set()
    for _ in range(count):
        for _ in range(TRIES):
            make = draw.choice([each for each in MAKERS if each is not before])
            mistake = make(draw)
            if (mistake.en, mistake.where) not in seen:
                break
        seen.add((mistake.en, mistake.where))
        before = make
        yield mistake


def wrong_width(draw: random.Random) -> Mistake:
    """A number of the table's row that is that of its neighbour, or double or half of it."""
    module, column = draw.choice(list(INCEPTION)), draw.choice(list(COLUMNS))
    branch = f"inception{module}.{COLUMNS[column]}"
    row = dict(zip(COLUMNS, INCEPTION[module], strict=True))
    others = {row[column] * 2, row[column] // 2, *row.values()} - {row[column]}
    width = draw.choice(sorted(others))

    def change(path: str, layer: Layer) -> Layer:
        if path == f"{branch}.conv" and isinstance(layer, Conv):
            return replace(layer, channels=width)
        return layer

    en = f"{column} has {width} channels, the table {row[column]}"
    return Mistake(
        en=en, zh=f"{column} 是 {width} 个通道; 表中是 {row[column]}", where=branch, change=change
    )


def wrong_pool(draw: random.Random) -> Mistake:
    """One of the pools between modules with a different window, padding or mean."""
    name = f"maxpool{draw.randint(1, 4)}"
    choices: list[tuple[str, str, Layer]] = [
        ("no ceil: the pool rounds its size down", "没有向上取整", MaxPool(3, 2, 0)),
        ("padded by 1 in place of ceil", "用填充 1 代替向上取整", MaxPool(3, 2, 1)),
        ("2x2 in place of 3x3", "3x3 写成了 2x2", MaxPool(2, 2, 0)),
        ("average in place of max pool", "最大池化写成了平均池化", AvgPool(3, 2, 1)),
    ]
    en, zh, layer = draw.choice(choices)
    return Mistake(en=en, zh=zh, where=name, change=replace_at(name, layer))


def wrong_stem(draw: random.Random) -> Mistake:
    """A convolution before the modules with a different kernel, stride or padding."""
    en, zh, name, layer = draw.choice(
        [
            ("stride 1 for 2", "步幅 2 写成了 1", "conv1", Conv(64, 7, 1, 3)),
            ("padding 0 for 3", "填充 3 写成了 0", "conv1", Conv(64, 7, 2, 0)),
            ("kernel 5 for 7", "卷积核 7 写成了 5", "conv1", Conv(64, 5, 2, 2)),
            ("kernel 3 for 1", "卷积核 1 写成了 3", "conv2", Conv(64, 3, 1, 1)),
            ("kernel 1 for 3", "卷积核 3 写成了 1", "conv3", Conv(192, 1)),
            ("no bias", "没有偏置", "conv3", Conv(192, 3, 1, 1, bias=False)),
        ]
    )
    return Mistake(en=en, zh=zh, where=f"{name}.conv", change=replace_at(rf"{name}\.conv", layer))


def missing_relu(draw: random.Random) -> Mistake:
    """No ReLU after a convolution of the stem, or of one branch in all modules."""
    name = draw.choice(["conv1", "conv2", "conv3", *COLUMNS.values()])
    where = name if name.startswith("conv") else f"inception*.{name}"
    pattern = rf"{name}\.relu" if name.startswith("conv") else rf"inception..\.{name}\.relu"
    return Mistake(en="ReLU missing", zh="缺少 ReLU", where=f"{where}.relu", change=remove(pattern))


def wrong_branch(draw: random.Random) -> Mistake:
    """A branch that is the same mistake in all modules."""
    en, zh, where, change = draw.choice(
        [
            ("the 5x5 is a 3x3", "5x5 写成了 3x3", "branch3.1.conv", kernel(5, 3)),
            ("the 3x3 is a 5x5", "3x3 写成了 5x5", "branch2.1.conv", kernel(3, 5)),
            ("the pool is a mean", "池化写成了平均", "branch4.0", pool(AvgPool(3, 1, 1))),
            ("the pool is 5x5", "池化窗口写成了 5x5", "branch4.0", pool(MaxPool(5, 1, 2))),
            ("branches 2 and 3 are swapped", "第 2、3 分支交换了", "", swapped),
        ]
    )
    return Mistake(en=en, zh=zh, where=f"inception*.{where}".rstrip("."), change=change)


def kernel(table: int, other: int) -> Override:
    """Replaces a kernel in all modules."""

    def change(path: str, layer: Layer) -> Layer:
        if isinstance(layer, Conv) and layer.kernel == table and path.startswith("inception"):
            return replace(layer, kernel=other, padding=other // 2)
        return layer

    return change


def pool(other: Layer) -> Override:
    """Replaces the pool in all modules."""
    return replace_at(r"inception..\.branch4\.0", other)


def swapped(_: str, layer: Layer) -> Layer:
    """Joins the second and third branch in the other order."""
    match layer:
        case Concat({"branch1": one, "branch2": two, "branch3": three, "branch4": four}):
            branches = {"branch1": one, "branch3": three, "branch2": two, "branch4": four}
            return replace(layer, branches=branches, built_by=None)
    return layer


def wrong_ending(draw: random.Random) -> Mistake:
    """The classifier without a bias, or a second one after it, or a different dropout."""
    en, zh, where, change = draw.choice(
        [
            ("no bias", "没有偏置", "fc", replace_at("fc", Linear(1000, bias=False))),
            ("dropout 0.9 for 0.4 (--grad)", "dropout 0.4 写成了 0.9", "dropout",
             replace_at("dropout", Dropout(0.9))),
            ("a batch norm after the first convolution", "第一个卷积后多了批归一化", "conv1",
             norm_after_first),
        ]
    )  # fmt: skip
    return Mistake(en=en, zh=zh, where=where, change=change)


def norm_after_first(path: str, layer: Layer) -> Layer:
    """Adds a batch norm to the first convolution."""
    if path == "conv1" and isinstance(layer, Chain):
        inner = dict(layer.layers)
        return replace(
            layer,
            layers={"conv": inner["conv"], "bn": BatchNorm(1e-5), "relu": inner["relu"]},
            built_by=None,
        )
    return layer


MAKERS = (wrong_width, wrong_pool, wrong_stem, missing_relu, wrong_branch, wrong_ending)
