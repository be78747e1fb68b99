"""What people read: tables for a terminal, 100 columns wide, or for a pipe."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from common.analysis.names import word_name
from common.analysis.reach import reach
from common.command.printable import print_line, printable
from common.jobs.compare import Comparison, Row, Side
from common.plan import Node, Plan
from common.spec import Chain, Concat, Residual, shape_text

WIDTH = 100
LEGEND = """\
=    the same shape as the plan; the number is the largest difference from the NumPy reference
     in float64, relative to the layer's largest value, over the layer and all inside it
"""


class Grid(Table):
    """A table whose cells may hold names out of files: no control characters, no markup."""

    def add_row(self, *cells: str | Text, **options: Any) -> None:  # type: ignore[override]
        """Adds a row; a cell is a text, or a text in a style."""
        super().add_row(*map(safe_cell, cells), **options)


def safe_cell(cell: str | Text) -> Text:
    """A cell as rich takes it without looking for markup or emoji codes."""
    style = cell.style if isinstance(cell, Text) else ""
    return Text(printable(str(cell)), style=style)


def print_table(table: Table) -> None:
    """The table on standard output; in a pipe as wide as its columns need, or WIDTH."""
    console = Console(highlight=False, soft_wrap=False, markup=False)
    if not sys.stdout.isatty():
        needed = Measurement.get(console, console.options.update(width=10_000), table).minimum
        console.width = max(WIDTH, needed)
    console.print(table)


def grid(*columns: str) -> Table:
    """An empty table whose first column reads from the left and the others from the right."""
    table = Grid(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def kind(node: Node) -> str:
    """What a person calls the layer."""
    match node.word:
        case Chain():
            first = kind(node.children[0]) if node.is_unit else ""
            return first.replace("depthwise", "separable")
        case Concat():
            return "branches"
        case Residual():
            return "residual"
    return word_name(node.word)


def summary_table(plan: Plan) -> Table:
    """Every layer a person counts, indented by block."""
    table = grid("layer", "", "output", "parameters", "multiply-adds")
    table.columns[1].justify = "left"
    for root in plan.roots():
        for unit in root.units():
            depth = unit.path.count(".")
            table.add_row(
                "  " * depth + unit.name,
                kind(unit),
                shape_text(unit.output),
                number(unit.parameter_count),
                number(unit.multiply_adds),
                style="" if depth else "bold",
            )
    return table


def number(value: int) -> str:
    """A number with its thousands apart; nothing for nothing."""
    return f"{value:,}" if value else ""


def totals_lines(plan: Plan) -> str:
    """The totals in words."""
    name, classes = plan.network.name, plan.network.classes
    count = len(plan.heads)
    with_heads = f" and {count} auxiliary head{'s'[: count - 1]}" if count else ""
    lines = [f"{name} without classifier: {plan.trunk_parameter_count:,} parameters"]
    if classes:
        lines.append(f"with {classes} classes{with_heads}: {plan.parameter_count:,} parameters")
    depth, field = reach(plan).depth, reach(plan).field
    lines.append(
        f"one image of {shape_text(plan.network.input)}: {plan.multiply_adds:,} multiply-adds"
    )
    how = plan.network.preprocess
    lines.append(f"image: {how.shape_text(*plan.network.input[1:])}")
    lines.append(f"its values: {how.value_text()}")
    lines.append(f"{depth} layers with weights on the longest path")
    lines.append(f"receptive field of the last map: {field:,} rows")
    return "\n".join(lines)


def list_table(plans: Sequence[Plan]) -> Table:
    """Every network, one per line; `field` is the last map's receptive field, in rows."""
    table = grid("network", "origin", "input", "parameters", "multiply-adds", "depth", "field")
    table.columns[1].justify = "left"
    table.collapse_padding = True
    for plan in plans:
        network = plan.network
        table.add_row(
            network.name,
            network.origin,
            shape_text(network.input),
            number(plan.parameter_count),
            number(plan.multiply_adds),
            number(reach(plan).depth),
            number(reach(plan).field),
        )
    return table


def comparison_table(comparison: Comparison) -> Table:
    """Every row with each framework's shape and difference beside the plan's."""
    table = grid("layer", "output", "parameters", "multiply-adds", *comparison.sides)
    for row in comparison.rows:
        cells = [cell(row, side, comparison.tolerance) for side in comparison.sides.values()]
        node = row.node
        counts = number(node.parameter_count), number(node.multiply_adds)
        table.add_row(node.path, shape_text(node.output), *counts, *cells)
    return table


def cell(row: Row, side: Side, tolerance: float) -> Text:
    """`=` for equal shapes, and the largest difference; the first other shape, if there is one."""
    if not side.report:
        return Text("-", style="red")
    for shape in side.wrong_shapes(row).values():
        return Text(shape_text(shape), style="bold red")
    difference = side.difference(row)
    return Text(f"= {difference:.1e}", style="green" if difference <= tolerance else "bold red")


def workers_table(comparison: Comparison) -> Table:
    """Each worker: version, its own count of the parameters, time, peak memory."""
    table = grid("worker", "version", "parameters", "import s", "run s", "peak MB")
    table.columns[1].justify = "left"
    reports = {"numpy (reference)": comparison.judge}
    for framework, side in comparison.sides.items():
        if side.report:
            reports[framework] = side.report
        else:
            table.add_row(framework, Text(printable(str(side.error)), style="red"))
    for name, report in reports.items():
        table.add_row(
            name,
            report.version,
            f"{report.parameters:,}",
            f"{report.import_seconds:.1f}",
            f"{report.seconds:.1f}",
            f"{report.megabytes:,}",
        )
    return table


def print_comparison(comparison: Comparison) -> None:
    """The table, the workers, the totals, and the verdict as the last line."""
    print_line(f"{comparison.plan.network.name} on {', '.join(comparison.images)}")
    print_table(comparison_table(comparison))
    print(LEGEND)
    print_table(workers_table(comparison))
    print(totals_lines(comparison.plan))
    print_line(verdict(comparison))


def print_diagnosis(diagnosis: Mapping) -> None:
    """What the doctor found."""
    python, cores, threads = (diagnosis[key] for key in ("python", "cores", "threads"))
    print(f"Python {python}, {cores} cores, {threads} threads a worker, {diagnosis['platform']}")
    table = grid("framework", "", "import s", "peak MB")
    table.columns[1].justify = "left"
    table.columns[1].no_wrap = False
    for name, found in diagnosis["frameworks"].items():
        if found["starts"]:
            figures = f"{found['import_seconds']:.1f}", f"{found['megabytes']:,}"
            table.add_row(name, found["version"], *figures)
        else:
            table.add_row(name, Text(printable(found["error"]), style="red"))
    print_table(table)
    for variable, value in diagnosis["settings"].items():
        print(f"a worker has {variable}={value}")
    packages = diagnosis["packages"].items()
    print(", ".join(f"{name} {version}" for name, version in packages if version))
    print(diagnosis["would_crash"])


def verdict(comparison: Comparison) -> str:
    """The last line: whether it is the same network."""
    failures = comparison.failures()
    if failures:
        return f"NOT EQUAL: {len(failures)} checks failed, first: {failures[0]}"
    verb = "match" if len(comparison.sides) > 1 else "matches"
    return (
        f"EQUAL: {', '.join(comparison.sides)} {verb} the NumPy reference: "
        f"shapes, counts, values within {comparison.tolerance:.0e}"
    )
