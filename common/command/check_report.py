"""The output of `check`: tables for people, JSON for scripts."""

from collections.abc import Iterator, Mapping, Sequence

from common.command.printable import print_line
from common.command.show import grid, number, print_table
from common.errors import UserError
from common.networks import network
from common.spec import shape_text
from common.tools.check.advice import KINDS, LABELS, advice, columns
from common.tools.check.describe import Difference
from common.tools.check.document import published_count, verdict_json
from common.tools.check.verdict import Verdict

MAX_PLACES = 6  # that are named
NOT_COMPARED = " in evaluation; dropout was not compared (--grad does)"


def print_verdict(source: str, verdict: Verdict, language: str = "en", framework: str = "") -> None:
    """Prints how the network was read, each difference, the equal steps, and the conclusion."""
    plan = verdict.plan
    own, theirs = number(verdict.parameters), number(published_count(plan))
    print_line(f"{source}, compared with {plan.spec.name} ({plan.spec.origin})")
    for note in verdict.trace.notes:
        print_line(f"note: {note}")
    size = shape_text(verdict.trace.image.shape[1:])
    print(f"input {size}; parameters: {own} (yours), {theirs} ({plan.spec.name})")
    for count, each in enumerate(verdict.decisions, 1):
        print()
        for line in decision_lines(count, each, verdict, language, framework):
            print_line(line)
    print()
    steps = [child.path for root in plan.roots() for child in root.children]
    places = [f"{place}." for each in verdict.decisions for place in each.places]
    equal = [step for step in steps if not any(f"{p}".startswith(f"{step}.") for p in places)]
    print_line(f"{LABELS[language]['equal']}: {', '.join(equal) or '-'}")
    if others := len(verdict.trace.outputs) - 1 - len(plan.heads):
        print_line(f"not compared: {others} of the outputs (--aux compares auxiliary heads)")
    if verdict.unused:
        print_line(
            f"ran without a counterpart in the published network: {', '.join(verdict.unused[:6])}"
        )
    if verdict.decisions:
        print_line(LABELS[language]["kinds"])
    print(conclusion(verdict))


def decision_lines(
    count: int, each: Difference, verdict: Verdict, language: str, framework: str
) -> Iterator[str]:
    """Yields the lines about one difference."""
    label = LABELS[language]
    yield f"{count}. {KINDS[language][each.kind]}: {each.what}"
    where = f"   {label['where']}: {where_text(each, verdict, label)}"
    more = ["..."] if len(each.lines) > MAX_PLACES else []
    lines = ", ".join([*map(str, each.lines[:MAX_PLACES]), *more])
    yield where + (f"; {label['lines']} {lines}" if lines else "")
    also = f" ({label['also']} {', '.join(each.also_in)})" if each.also_in else ""
    values = [f"{label['yours']}: {each.yours}{also}", f"{label['table']}: {each.table}"]
    values += [f"{label['effect']}: {each.effect:.1e}"] if each.effect is not None else []
    yield f"   {'; '.join(values)}"
    hint = advice(each, language, framework)
    yield from [f"   {hint.why}"] if hint.why else []
    yield from [f"   {label['write']}: {hint.write}"] if hint.write else []


def where_text(each: Difference, verdict: Verdict, label: Mapping[str, str]) -> str:
    """The places of a decision: all modules, or the first layers by name."""
    modules = [c.path for c in verdict.plan.body.children if not c.is_conv_unit and c.children]
    inside = [place for place in each.places if place.partition(".")[0] in modules]
    if len(modules) > 1 and {place.partition(".")[0] for place in inside} == set(modules):
        rest = [place for place in each.places if place not in inside]
        shown = ", ".join([in_all(inside, len(modules), label), *rest[:MAX_PLACES]])
        return shown + (", ..." if len(rest) > MAX_PLACES else "")
    shown = ", ".join(each.places[:MAX_PLACES])
    if len(each.places) > MAX_PLACES:
        shown += f", ... ({len(each.places)} layers)"
    if each.what.endswith(" missing") and len(each.places) == 1:
        shown += neighbours(each.layer, verdict, label)
    if names := columns(each):
        shown += f"; {label['columns' if len(names) > 1 else 'column'].format(', '.join(names))}"
    return shown


def in_all(inside: Sequence[str], modules: int, label: Mapping[str, str]) -> str:
    """The places of a decision that shows in all modules: the layer's name there, or a count."""
    names = {place.partition(".")[2] for place in inside}
    if len(names) == 1 and len(inside) == modules and (name := names.pop()):
        return label["role"].format(name, modules)
    count = f" ({len(inside)} layers)" if len(inside) > modules else ""
    return label["modules"].format(modules) + count


def neighbours(path: str, verdict: Verdict, label: Mapping[str, str]) -> str:
    """Where a missing layer of the body belongs: between which of the published network's."""
    order = [*network(verdict.plan.spec.name).body.layers]
    if path not in order[1:-1]:
        return ""
    place = order.index(path)
    return f" ({label['between'].format(order[place - 1], order[place + 1])})"


def conclusion(verdict: Verdict) -> str:
    """One sentence that names the matching or the nearest network."""
    if verdict.same:
        more = f", except for {count_text(len(verdict.in_training))} in training"
        if not verdict.in_training:
            more = "" if verdict.trace.after or verdict.trace.drops is not None else NOT_COMPARED
        return f"your network is {' and '.join(verdict.same)}{more}"
    more = "" if verdict.trace.drops is not None else "; dropout was not compared"
    nearest = f"nearest: {verdict.nearest}, {count_text(verdict.nearest_differences)}{more}"
    return f"{nearest} (use --network NAME to compare with a different one)"


def count_text(differences: int) -> str:
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
