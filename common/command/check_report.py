"""The output of `check`: tables for people, JSON for scripts."""

from collections.abc import Iterator, Mapping, Sequence

from common.command.printable import print_line
from common.command.show import grid, number, print_table
from common.errors import UserError
from common.spec import shape_text
from common.tools.check.advice import KINDS, LABELS, advice, column
from common.tools.check.describe import Difference
from common.tools.check.document import verdict_json
from common.tools.check.verdict import Verdict

MAX_PLACES = 6  # that are named
NOT_COMPARED = " in evaluation; dropout was not compared (--grad does)"


def print_verdict(source: str, verdict: Verdict, language: str = "en", framework: str = "") -> None:
    """Prints how the network was read, each difference, the equal steps, and the conclusion."""
    plan = verdict.plan
    own, theirs = number(verdict.parameters), number(plan.parameter_count)
    print_line(f"{source}, compared with {plan.spec.name} ({plan.spec.origin})")
    for note in verdict.trace.notes:
        print_line(f"note: {note}")
    size = shape_text(verdict.trace.image.shape[1:])
    print(f"input {size}; parameters: {own} (yours), {theirs} (reference)")
    for count, each in enumerate(verdict.decisions, 1):
        print()
        for line in decision_lines(count, each, verdict, language, framework):
            print_line(line)
    print()
    steps = [child.path for root in plan.roots() for child in root.children]
    places = [f"{place}." for each in verdict.decisions for place in each.places]
    equal = [step for step in steps if not any(f"{p}".startswith(f"{step}.") for p in places)]
    print_line(f"{LABELS[language]['equal']}: {', '.join(equal) or '-'}")
    if verdict.unused:
        print_line(f"executed but not used in the result: {', '.join(verdict.unused[:6])}")
    print(conclusion(verdict))


def decision_lines(
    count: int, each: Difference, verdict: Verdict, language: str, framework: str
) -> Iterator[str]:
    """Yields the lines about one difference."""
    label = LABELS[language]
    yield f"{count}. {KINDS[language][each.kind]}: {each.what}"
    where = f"   {label['where']}: {where_text(each, verdict, label)}"
    lines = ", ".join(map(str, each.lines[:6]))
    yield where + (f"; {label['lines']} {lines}" if lines else "")
    values = [f"{label['yours']}: {each.yours}", f"{label['table']}: {each.table}"]
    values += [f"{label['effect']}: {each.effect:.1e}"] if each.effect is not None else []
    values += [f"{label['also']}: {', '.join(each.also_in)}"] if each.also_in else []
    yield f"   {'; '.join(values)}"
    hint = advice(each, language, framework)
    yield from [f"   {hint.why}"] if hint.why else []
    yield from [f"   {label['write']}: {hint.write}"] if hint.write else []


def where_text(each: Difference, verdict: Verdict, label: Mapping[str, str]) -> str:
    """The places of a decision: all modules, or the first layers by name."""
    modules = [c.path for c in verdict.plan.body.children if not c.is_conv_unit and c.children]
    own = {place.partition(".")[0] for place in each.places}
    shown = ", ".join(each.places[:MAX_PLACES])
    if len(each.places) > MAX_PLACES:
        shown += f", ... ({len(each.places)} layers)"
    if len(modules) > 1 and own >= set(modules):
        shown = f"{label['modules'].format(len(modules))} ({len(each.places)} layers)"
    if name := column(each):
        shown += f"; {label['column'].format(name)}"
    return shown


def conclusion(verdict: Verdict) -> str:
    """One sentence that names the matching or the nearest network."""
    if verdict.same:
        more = f", except for {counted(len(verdict.in_training))} in training"
        if not verdict.in_training:
            more = "" if verdict.trace.after or verdict.trace.drops is not None else NOT_COMPARED
        return f"your network is {' and '.join(verdict.same)}{more}"
    return f"nearest: {verdict.nearest}, {counted(verdict.nearest_differences)}"


def counted(differences: int) -> str:
    """A number of differences, as text."""
    return "1 difference" if differences == 1 else f"{differences} differences"


def print_many(outcomes: Sequence[tuple[str, Verdict | UserError]]) -> None:
    """Prints one line for each of several networks."""
    print_documents([verdict_json(source, each) for source, each in outcomes])


def print_documents(documents: Sequence[Mapping]) -> None:
    """Prints one line for each of several documents of `verdict_json`."""
    table = grid("file", "verdict", "nearest", "differences", "first")
    for each in table.columns[1:]:
        each.justify, each.no_wrap = "left", False
    for document in documents:
        table.add_row(*row(document))
    print_table(table)


def row(document: Mapping) -> list[str]:
    """One network as a row of the table."""
    if document["verdict"] == "failed":
        return [document["source"], "failed", "", "", document["error"]]
    own = document["differences"]
    first = f"{own[0]['layer']}: {own[0]['what']}" if own else ""
    return [document["source"], document["verdict"], document["nearest"], str(len(own)), first]
