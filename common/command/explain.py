"""Tables that explain a parameter count, or the differences between two networks."""

from common.command.show import grid, number, print_table
from common.spec import shape_text
from common.spec.plan import Plan
from common.tools.analysis import diff as diffs
from common.tools.analysis import parameter_ledger as ledgers


def print_ledger(plan: Plan) -> None:
    """Prints the parameters by part and kind, then the published sums and their sources."""
    table = grid("part", "kind", "count")
    table.columns[1].justify = "left"
    for term in ledgers.ledger(plan):
        table.add_row(term.part, term.kind, number(term.count))
    print_table(table)
    for claim, terms, total in ledgers.claims(plan):
        print(" + ".join(number(term.count) for term in terms))
        if total == claim.number:
            print(f"  = {number(total)}: {claim.whose}\n")
        else:
            print(f"  = {number(total)} here; {number(claim.number)} as published: {claim.whose}\n")


def print_difference(one: Plan, other: Plan, numbers: bool) -> None:
    """Prints the differences in layers, shapes, parameters and multiply-adds.

    With `numbers`, also prints the effect on the outputs.
    """
    for order, plan in {"first:  ": one, "second: ": other}.items():
        spec = plan.spec
        print(
            f"{order}{spec.name} ({spec.origin}), {shape_text(spec.input)}, {spec.classes} classes"
        )
        print(f"        image: {spec.preprocess.resizing_text(*spec.input[1:])}")
        print(f"        pixel values: {spec.preprocess.value_text()}")
    table = grid("what differs", "times", "where")
    table.columns[0].no_wrap, table.columns[2].no_wrap = False, False
    table.columns[2].justify = "left"
    differences = diffs.plan_differences(one, other)
    for difference in differences:
        where = ", ".join(difference.paths[:2]) + (", ..." if len(difference.paths) > 2 else "")
        table.add_row(difference.what, str(len(difference.paths)), where)
    if differences:
        print_table(table)
    else:
        print("no layer differs")
    effects = grid("effect on", "first", "second")
    for path, mine, theirs in diffs.shape_changes(one, other):
        effects.add_row(path, mine, theirs)
    for what, *counts in diffs.totals(one, other):
        effects.add_row(what, *map(number, counts))
    print_table(effects)
    if numbers:
        print(effect_line(diffs.effect(one, other)))


def effect_line(effect: diffs.Effect | None) -> str:
    """One line on the measured effect."""
    if effect is None:
        return "the outputs differ in size and cannot be compared"
    top = "the same" if effect.same_top else "different"
    return (
        f"{effect.shared} of the second network's {effect.total} arrays copied from the first; the "
        f"logits then differ by {effect.relative:.2g} of the largest, the top class is {top}"
    )
