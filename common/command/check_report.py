"""The output of `check`: tables for people, JSON for scripts."""

from collections.abc import Sequence
from dataclasses import asdict

from common.command.printable import print_line
from common.command.show import grid, number, print_table
from common.errors import UserError
from common.spec import shape_text
from common.tools.check.describe import Difference
from common.tools.check.verdict import Verdict


def verdict_json(source: str, found: Verdict | UserError) -> dict:
    """One verdict as JSON."""
    if isinstance(found, UserError):
        return {"source": source, "verdict": "failed", "error": str(found)}
    return {
        "source": source,
        "network": found.asked,
        "verdict": found.status,
        "nearest": found.nearest,
        "same": list(found.same),
        "compared_with": found.plan.network.name,
        "differences": [asdict(each) for each in found.every],
        "unused": list(found.unused),
        "parameters": {"yours": found.parameters, "table": found.plan.parameter_count},
    }


def print_verdict(source: str, found: Verdict) -> None:
    """Prints every step of the network with its differences, then the conclusion."""
    plan = found.plan
    own, theirs = number(found.parameters), number(plan.parameter_count)
    print_line(f"{source}, compared with {plan.network.name} ({plan.network.origin})")
    print(
        f"input {shape_text(plan.network.input)}; parameters: {own} (yours), {theirs} (reference)"
    )
    table = grid("step", "what", "yours", "reference", "effect", "lines", "also in")
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "left", False
    for step in [child.path for root in plan.roots() for child in root.children] + ["result"]:
        here = [each for each in found.every if f"{each.layer}.".startswith(f"{step}.")]
        if not here and step != "result":
            table.add_row(step, "equal")
        for each in here:
            table.add_row(*difference_row(each))
    print_table(table)
    if found.unused:
        print_line(f"executed but not used in the result: {', '.join(found.unused[:6])}")
    print(conclusion(found))


def difference_row(each: Difference) -> list[str]:
    """One difference as a row of the table."""
    effect = "" if each.effect is None else f"{each.effect:.1e}"
    lines = ", ".join(map(str, each.lines[:3]))
    return [each.layer, each.what, each.yours, each.table, effect, lines, ", ".join(each.also_in)]


def conclusion(found: Verdict) -> str:
    """One sentence that names the matching or the nearest network."""
    if found.same:
        more = f", except for {counted(len(found.in_training))} in training"
        return f"your network is {' and '.join(found.same)}{more if found.in_training else ''}"
    return f"nearest: {found.nearest}, {counted(found.nearest_differences)}"


def counted(differences: int) -> str:
    """A number of differences, as text."""
    return "1 difference" if differences == 1 else f"{differences} differences"


def print_many(found: Sequence[tuple[str, Verdict | UserError]]) -> None:
    """Prints one line for each of several networks."""
    table = grid("file", "verdict", "nearest", "differences", "first")
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "left", False
    for source, each in found:
        if isinstance(each, UserError):
            table.add_row(source, "failed", "", "", str(each))
            continue
        first = f"{each.every[0].layer}: {each.every[0].what}" if each.every else ""
        table.add_row(source, each.status, each.nearest, str(len(each.every)), first)
    print_table(table)
