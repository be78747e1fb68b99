"""How an op differs from the table's, in words."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from common import spec
from common.analysis.diff import value_text
from common.analysis.names import word_name
from common.check.graph import Op, Other
from common.spec import Rule, Word, pair


@dataclass(frozen=True)
class Difference:
    """One thing that differs at one layer; `effect` is on the result, relative, if it is known."""

    layer: str
    what: str
    yours: str
    table: str
    also_in: tuple[str, ...] = ()
    effect: float | None = None
    lines: tuple[int, ...] = ()


def describe(table: Op, yours: Op) -> Iterator[tuple[str, str, str]]:
    """How an op differs from the table's: what, yours, the table's."""
    if yours.word is None and yours.inputs != table.inputs:
        yield part_missing(table, yours)
        return
    if yours.word != table.word:
        yield from describe_words(table.word, yours.word)
    for word in yours.before:
        yield f"{name_of(word)} before it that the table does not have", text(word), "none"
    for word in yours.then:
        yield f"{name_of(word)} that the table does not have", text(word), "none"
    if yours.inputs != table.inputs:
        own, theirs = short_names(yours.inputs), short_names(table.inputs)
        if len(yours.inputs) < len(table.inputs):
            yield "branch missing", own, theirs
        elif len(yours.inputs) > len(table.inputs):
            yield "branch that the table does not have", own, theirs
        elif sorted(yours.inputs) == sorted(table.inputs):
            yield "order of branches", own, theirs
        else:
            yield "reads another map", ", ".join(yours.inputs), ", ".join(table.inputs)


def part_missing(table: Op, yours: Op) -> tuple[str, str, str]:
    """How an op that only passes on a map differs from one that made one."""
    own, theirs = ", ".join(yours.inputs), ", ".join(table.inputs)
    if own not in table.inputs:
        return "module missing", own, text(table.word)
    return "input not added" if own == table.inputs[0] else "branch missing", own, theirs


def describe_words(
    table: Word | Other | None, yours: Word | Other | None
) -> Iterator[tuple[str, str, str]]:
    """How two words differ."""
    if yours is None:
        yield f"{name_of(table)} missing", "none", text(table)
    elif isinstance(yours, Other) and yours.field:
        yield f"{name_of(table)}: {yours.field}", yours.what, value_text(usual(table, yours.field))
    elif type(yours) is type(table) and not isinstance(yours, Other):
        for field in fields(yours):
            own, theirs = (getattr(word, field.name) for word in (yours, table))
            if own != theirs and not (field.name == "padding" and implied(table, yours)):
                what = f"{name_of(yours)}: {field.name.replace('_', ' ')}"
                yield what, value_text(own), value_text(theirs)
    else:
        yield f"{name_of(table)} replaced", text(yours), text(table)


USUAL = {"groups": 1, "dilation": 1, "border": "zeros"}


def usual(word: Word | Other | None, field: str) -> object:
    """What the table has where a network has a number of which the tables know nothing."""
    return USUAL.get(field, getattr(word, field, True))


def implied(table: Word | Other | None, yours: Word | Other | None) -> bool:
    """Whether the border only follows the kernel, and both keep the map's size."""

    def keeps(word: Word | Other | None) -> bool:
        if not isinstance(word, spec.Conv | spec.DepthwiseConv | spec.MaxPool | spec.AvgPool):
            return False
        half = tuple(n // 2 for n in pair(word.kernel))
        return not isinstance(word.padding, Rule) and pair(word.padding) == half

    return keeps(table) and keeps(yours)


def name_of(word: Word | Other | None) -> str:
    """What people call a word."""
    if isinstance(word, Other):
        return word.what.split(":")[0]
    return word_name(word) if word else "nothing"


def text(word: Word | Other | None) -> str:
    """A word with its numbers."""
    if word is None:
        return "none"
    if isinstance(word, Other):
        return word.what
    numbers = [
        f"{field.name.replace('_', ' ')} {value_text(getattr(word, field.name))}"
        for field in fields(word)
        if not isinstance(getattr(word, field.name), dict | spec.Chain)
    ]
    return f"{word_name(word)} ({', '.join(numbers)})" if numbers else word_name(word)


def short_names(paths: tuple[str, ...]) -> str:
    """The branches that paths end, by name."""
    start = 0
    while len({path.split(".")[start] for path in paths if path.count(".") > start}) == 1:
        if any(path.count(".") <= start for path in paths):
            break
        start += 1
    return ", ".join(path.split(".")[min(start, path.count("."))] for path in paths)
