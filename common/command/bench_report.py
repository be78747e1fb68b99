"""The output of `bench`: tables for people, CSV and JSON for scripts."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from common.command.printable import print_line
from common.command.show import grid, number, print_table
from common.files.atomic import atomic_csv
from common.tools.bench.layer_times import LayerTime
from common.tools.bench.limits import of_limit, of_product
from common.tools.bench.results import Results, Timing, by_work, place, plain_of, times_faster
from common.tools.bench.workload import plan_of

LEGEND = """\
place: 1 + the number of contestants that are faster beyond both spreads; ties are not ranked
spread: the interquartile range of the rates over the turns
x plain: the median of the turns' ratios; differs: from the NumPy reference, relative to the largest
"""
LIMIT = """\
of limit: relative to the faster of ONNX Runtime and OpenVINO; in training to a third of its rate
"""


def machine_text(machine: Mapping) -> str:
    """The machine and the installed packages, in two lines."""
    packages = [f"{name} {version}" for name, version in machine["packages"].items() if version]
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"{machine['platform']}, Python {machine['python']}\n{', '.join(packages)}"
    )


def print_results(results: Results, timed: Sequence[Timing], rate: float, sweep: bool) -> None:
    """Prints the tables of a race, and a line for each contestant that could not be timed.

    `timed` has the rows of all races so far, `rate` is that of the matrix product.
    """
    if sweep:
        print_table(sweep_table(results.rows))
    else:
        for work, rows in by_work(results.rows).items():
            print(work.text)
            print_table(race_table(rows, timed))
            print(product_line(rows, rate), end="")
    for line in (*map(str, results.errors), *results.notes):
        print_line(f"not timed: {line}")


def race_table(rows: Sequence[Timing], timed: Sequence[Timing]) -> Table:
    """The table of all contestants in one workload; `timed` has the rows of all races so far."""
    several = len({row.group for row in rows}) > 1  # they do not all fit in memory at once
    first = "group, place" if several else "place"
    limits = [of_limit(row, timed) for row in rows]
    known = ["of limit"] if any(limits) else []
    table = grid("", first, "images/s", "spread", "x plain", *known, "peak MB", "differs")
    for row, limit in zip(rows, limits, strict=True):
        plain = plain_of(row, rows)
        ratio = f"{times_faster(row, plain):.2f}" if plain and plain is not row else ""
        table.add_row(
            row.contestant.name,
            f"{row.group + 1}, {place(row, rows)}" if several else str(place(row, rows)),
            f"{row.images_per_second:.1f}",
            f"{row.low:.1f} to {row.high:.1f}",
            ratio,
            *([share_text(limit)] if known else []),
            f"{row.peak_mb:,}",
            f"{row.difference:.1e}",
        )
    return table


def product_line(rows: Sequence[Timing], rate: float) -> str:
    """The arithmetic of the fastest contestant in float32, relative to that of the product."""
    shares = [part for row in rows if (part := of_product(row, rate))]
    if not shares:
        return ""
    return (
        f"the fastest float32 contestant reaches {max(shares):.0%} of the multiply-add rate of a "
        f"matrix product ({rate / 1e9:.0f} G/s)\n"
    )


def share_text(value: float | None) -> str:
    """A share of what is possible; empty if that is not known."""
    return "" if value is None else f"{value:.2f}"


def sweep_table(rows: Sequence[Timing]) -> Table:
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


def bench_json(results: Results, machine: Mapping, rate: float) -> dict:
    """A whole benchmark as JSON; `rate` is that of the matrix product."""
    shares = [
        {"of_limit": of_limit(row, results.rows), "of_product": of_product(row, rate)}
        for row in results.rows
    ]
    return {
        "machine": {**machine, "product_multiply_adds_per_second": rate},
        "rows": [row.to_json() | own for row, own in zip(results.rows, shares, strict=True)],
        "errors": list(map(str, results.errors)),
        "not_timed": results.notes,
    }


def write_csv(path: Path, rows: Sequence[Timing]) -> None:
    """Writes the rows as CSV, with timm's columns where it has them.

    A row's columns for the other task are empty.
    """
    lines = [csv_line(row) | {"of_limit": share_text(of_limit(row, rows))} for row in rows]
    columns = dict.fromkeys(column for line in lines for column in line)
    with atomic_csv(path) as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines)


def csv_line(row: Timing) -> dict[str, object]:
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
