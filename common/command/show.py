"""Tables and text for people, on a terminal or in a pipe of at least 100 columns."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from common.command.printable import print_line, printable
from common.spec import Chain, Concat, Residual, shape_text
from common.spec.plan import Node, Plan
from common.tools.analysis.compare import Comparison, FrameworkResult, Row
from common.tools.analysis.receptive_field import reach

WIDTH = 100
LEGEND = """\
=    the output shape is as computed from the definition; the number is the largest difference
     from the NumPy reference (float64) in the layer and the layers inside it, divided by the
     largest value of the output
"""


class Grid(Table):
    """A table that is safe for names from files: no control characters, no markup."""

    def add_row(self, *cells: str | Text, **options: Any) -> None:  # type: ignore[override]
        """Adds a row; a cell is a string or a styled text."""
        super().add_row(*map(safe_cell, cells), **options)


def safe_cell(cell: str | Text) -> Text:
    """A cell that rich prints without interpreting markup or emoji codes."""
    style = cell.style if isinstance(cell, Text) else ""
    return Text(printable(str(cell)), style=style)


def print_table(table: Table) -> None:
    """Prints a table; in a pipe it is as wide as its columns need, but at least WIDTH."""
    console = Console(highlight=False, soft_wrap=False, markup=False)
    if not sys.stdout.isatty():
        needed = Measurement.get(console, console.options.update(width=10_000), table).minimum
        console.width = max(WIDTH, needed)
    console.print(table)


def grid(*columns: str) -> Table:
    """An empty table whose first column is aligned left and the others right."""
    table = Grid(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        side: JustifyMethod = "right" if number else "left"
        table.add_column(safe_cell(column), justify=side, no_wrap=True)
    return table


def kind(node: Node) -> str:
    """The name of a node's layer type; for a unit, that of its first layer."""
    match node.layer:
        case Chain():
            first = kind(node.children[0]) if node.is_conv_unit else ""
            return first.replace("depthwise", "separable")
        case Concat():
            return "branches"
        case Residual():
            return "residual"
    return node.layer.label


def summary_table(plan: Plan) -> Table:
    """The table of a network's blocks and layers, indented by depth."""
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
    """A number with thousands separators; an empty string for zero."""
    return f"{value:,}" if value else ""


def totals_lines(plan: Plan) -> str:
    """The totals of a network as lines of text."""
    name, classes = plan.spec.name, plan.spec.classes
    count = len(plan.heads)
    with_heads = f" and {count} auxiliary head{'s'[: count - 1]}" if count else ""
    lines = [f"{name} without classifier: {plan.backbone_parameter_count:,} parameters"]
    if classes:
        lines.append(f"with {classes} classes{with_heads}: {plan.parameter_count:,} parameters")
    depth, field = reach(plan).depth, reach(plan).field
    lines.append(
        f"one image of {shape_text(plan.spec.input)}: {plan.multiply_adds:,} multiply-adds"
    )
    how = plan.spec.preprocess
    lines.append(f"image: {how.resizing_text(*plan.spec.input[1:])}")
    lines.append(f"pixel values: {how.value_text()}")
    lines.append(f"{depth} layers with weights on the longest path")
    lines.append(
        f"receptive field of the last feature map: {field:,} pixels (may exceed the image)"
    )
    return "\n".join(lines)


def list_table(plans: Sequence[Plan]) -> Table:
    """The table of networks; `field` is the receptive field of the last feature map, in pixels."""
    table = grid("network", "origin", "input", "parameters", "multiply-adds", "depth", "field")
    table.columns[1].justify = "left"
    table.collapse_padding = True
    for plan in plans:
        network = plan.spec
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
    """The table of rows, with the plan's shape and each framework's shape and difference."""
    table = grid("layer", "output", "parameters", "multiply-adds", *comparison.results)
    for row in comparison.rows:
        cells = [cell(row, result, comparison.tolerance) for result in comparison.results.values()]
        node = row.node
        counts = number(node.parameter_count), number(node.multiply_adds)
        table.add_row(node.path, shape_text(node.output), *counts, *cells)
    return table


def cell(row: Row, result: FrameworkResult, tolerance: float) -> Text:
    """`=` and the largest difference if all shapes are equal, else the first wrong shape."""
    if not result.report:
        return Text("-", style="red")
    for shape in result.wrong_shapes(row).values():
        return Text(shape_text(shape), style="bold red")
    difference = result.difference(row)
    return Text(f"= {difference:.1e}", style="green" if difference <= tolerance else "bold red")


def workers_table(comparison: Comparison) -> Table:
    """The table of workers: version, own parameter count, time and peak memory."""
    table = grid("worker", "version", "parameters", "import s", "run s", "peak MB")
    table.columns[1].justify = "left"
    reports = {"numpy (reference)": comparison.reference}
    for framework, result in comparison.results.items():
        if result.report:
            reports[framework] = result.report
        else:
            table.add_row(framework, Text("failed", style="red"))
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
    """Prints the table, the workers, the totals and, as the last line, the verdict."""
    print_line(f"{comparison.plan.spec.name} on {', '.join(comparison.images)}")
    print_table(comparison_table(comparison))
    print(LEGEND)
    print_table(workers_table(comparison))
    for framework, result in comparison.results.items():
        if result.error:
            print_line(f"{framework}: {str(result.error).removeprefix(f'{framework}: ')}")
    print(totals_lines(comparison.plan))
    print_line(verdict(comparison))


def print_diagnosis(diagnosis: Mapping) -> None:
    """Prints the findings of `doctor`."""
    python, cores, threads = (diagnosis[key] for key in ("python", "cores", "threads"))
    print(f"Python {python}, {cores} cores, {threads} threads a worker, {diagnosis['platform']}")
    table = grid("framework", "", "import s", "peak MB")
    table.columns[1].justify = "left"
    table.columns[1].no_wrap = False
    for name, state in diagnosis["frameworks"].items():
        if state["starts"]:
            measured = f"{state['import_seconds']:.1f}", f"{state['megabytes']:,}"
            table.add_row(name, state["version"], *measured)
        else:
            table.add_row(name, Text(printable(state["error"]), style="red"))
    print_table(table)
    for variable, value in diagnosis["settings"].items():
        print(f"worker setting {variable}={value}")
    for line in diagnosis["left_out"]:
        print(f"not applied: {line}")
    packages = diagnosis["packages"].items()
    print(", ".join(f"{name} {version}" for name, version in packages if version))
    print(diagnosis["would_crash"])


def verdict(comparison: Comparison) -> str:
    """The last line: whether all frameworks match the reference."""
    ran = [name for name, result in comparison.results.items() if not result.error]
    failed = ", ".join(name for name in comparison.results if name not in ran)
    not_compared = f"; not compared: {failed}" if failed else ""
    failures = [line for line in comparison.failures() if line.partition(": ")[0] in ran]
    if failures:
        return f"NOT EQUAL: {len(failures)} checks failed, first: {failures[0]}{not_compared}"
    if not ran:
        return f"NOT COMPARED: {failed}"
    verb = "match" if len(ran) > 1 else "matches"
    return (
        f"EQUAL: {', '.join(ran)} {verb} the NumPy reference: "
        f"shapes, counts, values within {comparison.tolerance:.0e}{not_compared}"
    )
