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
        "modules": "in all {} modules", "role": "{} in all {} modules",
        "between": "between {} and {}",
        "column": "column {} of table 1", "columns": "columns {} of table 1",
        "kinds": "convention: also found in published code; choice: up to you, such as a dropout "
                 "rate; mistake: anything else",
    },
    "zh": {
        "where": "位置", "lines": "行", "yours": "你的", "table": "参考",
        "effect": "对结果的影响", "also": "同样见于", "write": "写法", "equal": "相同",
        "modules": "在全部 {} 个模块中", "role": "{}，在全部 {} 个模块中",
        "between": "在 {} 与 {} 之间",
        "column": "表 1 的 {} 列", "columns": "表 1 的 {} 列",
        "kinds": "“惯例不同”是公开代码中也有的写法，“自选”由各人决定，其余都是“错误”。",
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


@dataclass(frozen=True, kw_only=True)
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
        if re.fullmatch(entry["what"], each.what) and re.fullmatch(
            entry.get("table", ".*"), each.table
        ):
            fill = {"yours": each.yours, "table": each.table}
            return Advice(
                why=entry[language].format(**fill), write=entry.get(framework, "").format(**fill)
            )
    return Advice()


def columns(each: Difference) -> list[str]:
    """The columns of the paper's table 1 that widths belong to; none for other differences."""
    if not each.what.endswith(": channels"):
        return []
    modules = [place for place in each.places if place.startswith("inception")]
    names = [COLUMNS.get(place.partition(".")[2], "") for place in modules]
    return [name for name in dict.fromkeys(names) if name]
