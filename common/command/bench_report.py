"""The output of `bench`: tables for people, CSV and JSON for scripts."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from common.command.printable import print_line
from common.command.show import grid, number, print_table
from common.files.atomic import atomic_csv
from common.tools.bench.layer_times import LayerTime
from common.tools.bench.results import Results, Row, by_work, place, plain_of, times_faster
from common.tools.bench.workload import plan_of

LEGEND = """\
place: 1 + the number of contestants that are faster beyond both spreads; ties are not ranked
spread: the interquartile range of the rates over the turns
x plain: the median of the turns' ratios; differs: from the NumPy reference, relative to the largest
"""


def machine_text(machine: Mapping) -> str:
    """The machine and the installed packages, in two lines."""
    packages = [f"{name} {version}" for name, version in machine["packages"].items() if version]
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"{machine['platform']}, Python {machine['python']}\n{', '.join(packages)}"
    )


def print_results(results: Results, sweep: bool) -> None:
    """Prints the tables of a race, and a line for each contestant that could not be timed."""
    if sweep:
        print_table(sweep_table(results.rows))
    else:
        for work, rows in by_work(results.rows).items():
            print(work.text)
            print_table(race_table(rows))
    for line in (*map(str, results.errors), *results.notes):
        print_line(f"not timed: {line}")


def race_table(rows: Sequence[Row]) -> Table:
    """The table of all contestants in one workload."""
    several = len({row.group for row in rows}) > 1  # they do not all fit in memory at once
    first = "group, place" if several else "place"
    table = grid("", first, "images/s", "spread", "x plain", "peak MB", "start s", "differs")
    for row in rows:
        plain = plain_of(row, rows)
        ratio = f"{times_faster(row, plain):.2f}" if plain and plain is not row else ""
        table.add_row(
            row.contestant.name,
            f"{row.group + 1}, {place(row, rows)}" if several else str(place(row, rows)),
            f"{row.images_per_second:.1f}",
            f"{row.low:.1f} to {row.high:.1f}",
            ratio,
            f"{row.peak_mb:,}",
            f"{row.start_seconds:.1f}",
            f"{row.difference:.1e}",
        )
    return table


def sweep_table(rows: Sequence[Row]) -> Table:
    """The table of the cost per image and per pixel, by batch size and input size."""
    table = grid("", "network", "batch", "size", "images/s", "spread", "ms an image", "ns a pixel")
    for row in rows:
        work, seconds = row.work, row.seconds_per_image
        table.add_row(
            row.contestant.name,
            work.network,
            str(work.batch),
            f"{work.size} x {work.size}",
            f"{row.images_per_second:.1f}",
            f"{row.low:.1f} to {row.high:.1f}",
            f"{1e3 * seconds:.1f}",
            f"{1e9 * seconds / work.size**2:.0f}",
        )
    return table


def layers_table(rows: Sequence[LayerTime], batch: int) -> Table:
    """The table of each layer's milliseconds and multiply-adds per second, in each framework."""
    columns = [column for framework in rows[0].milliseconds for column in (framework, "G/s")]
    table = grid("layer", "multiply-adds", *columns)
    for row in rows:
        cells = []
        for ms in row.milliseconds.values():
            rate = batch * row.multiply_adds / ms / 1e6
            cells += [f"{ms:.1f}", f"{rate:.0f}" if rate else ""]
        table.add_row(row.name, number(row.multiply_adds), *cells)
    return table


def bench_json(results: Results, machine: Mapping) -> dict:
    """A whole benchmark as JSON."""
    return {
        "machine": machine,
        "rows": [row.to_json() for row in results.rows],
        "errors": list(map(str, results.errors)),
        "not_timed": results.notes,
    }


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Writes the rows as CSV, with timm's columns where it has them.

    A row's columns for the other task are empty.
    """
    lines = list(map(csv_line, rows))
    columns = dict.fromkeys(column for line in lines for column in line)
    with atomic_csv(path) as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines)


def csv_line(row: Row) -> dict[str, object]:
    """One row of the CSV; as in timm, step times are in milliseconds and counts in millions."""
    work, contestant = row.work, row.contestant
    plan = plan_of(work.network, work.task, work.size)
    return {
        "model": work.network,
        "framework": contestant.framework,
        "mode": contestant.mode,
        "precision": contestant.precision,
        f"{work.task}_samples_per_sec": round(row.images_per_second, 2),
        f"{work.task}_step_time": round(1e3 * work.batch * row.seconds_per_image, 3),
        f"{work.task}_batch_size": work.batch,
        f"{work.task}_img_size": work.size,
        "param_count": round(plan.parameter_count / 1e6, 2),
        f"{work.task}_gmacs": round(plan.multiply_adds / 1e9, 2),
        "low": round(row.low, 2),
        "high": round(row.high, 2),
        "peak_mb": row.peak_mb,
        "start_seconds": round(row.start_seconds, 2),
        "difference": row.difference,
    }
