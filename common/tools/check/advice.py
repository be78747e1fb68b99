"""Why a difference matters and how to write the layer, in English and Chinese."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from common.tools.check.describe import Difference

LANGUAGES = ("en", "zh")
KINDS = {
    "en": {"convention": "convention", "mistake": "mistake", "choice": "choice"},
    "zh": {"convention": "惯例不同", "mistake": "错误", "choice": "自选"},
}
LABELS = {
    "en": {
        "where": "where", "lines": "line", "yours": "yours", "table": "reference",
        "effect": "effect on the result", "also": "also in", "write": "write", "equal": "equal",
        "modules": "in all {} modules", "column": "column {} of table 1",
    },
    "zh": {
        "where": "位置", "lines": "行", "yours": "你的", "table": "参考",
        "effect": "对结果的影响", "also": "同样见于", "write": "写法", "equal": "相同",
        "modules": "在全部 {} 个模块中", "column": "表 1 的 {} 列",
    },
}  # fmt: skip
# The columns of the paper's table 1, by the role of the layer in a module.
COLUMNS = {
    "branch1.conv": "#1x1",
    "branch2.0.conv": "#3x3 reduce",
    "branch2.1.conv": "#3x3",
    "branch3.0.conv": "#5x5 reduce",
    "branch3.1.conv": "#5x5",
    "branch4.1.conv": "pool proj",
}


@dataclass(frozen=True)
class Advice:
    """Why a difference matters, and how to write the layer; both may be empty."""

    why: str = ""
    write: str = ""


@cache
def entries() -> list[dict[str, str]]:
    """The entries of advice.toml."""
    text = Path(__file__).with_name("advice.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["advice"])


def advice(each: Difference, language: str, framework: str) -> Advice:
    """The advice on a difference in a language, with code for a framework."""
    for entry in entries():
        if re.fullmatch(entry["what"], each.what):
            fill = {"yours": each.yours, "table": each.table}
            return Advice(entry[language].format(**fill), entry.get(framework, "").format(**fill))
    return Advice()


def column(each: Difference) -> str:
    """The column of the paper's table 1 that a width belongs to; "" for any other difference."""
    rest = each.layer.partition(".")[2]
    is_width = each.what.endswith(": channels") and each.layer.startswith("inception")
    return COLUMNS.get(rest, "") if is_width else ""
