"""Prints the scores of an evaluation as tables, and writes the confusion matrix as CSV."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.command.show import WIDTH, grid, print_table
from common.files.atomic import atomic_csv


def print_scores(
    scores: Mapping[str, NDArray], names: Sequence[str], scored: Sequence[str], known: int
) -> None:
    """Prints each class with its images, the correct ones and the most frequent wrong class.

    `names` are the classes of the network's outputs, and `scored` are those in the data, out of
    `known` classes that have names. The confusion matrix is printed as well, if it is not too wide.
    """
    confusion = scores["confusion"]
    print_matrix(confusion, names, scored)
    table = grid("class", "images", "right", "most often confused with")
    for number, row in enumerate(confusion):
        if names[number] not in scored:
            continue
        wrong = row.copy()
        wrong[number] = 0
        other = f"{names[wrong.argmax()]} ({wrong.max()})" if wrong.any() else ""
        table.add_row(names[number], str(row.sum()), str(row[number]), other)
    print_table(table)
    top1, top5, loss = (float(scores[name]) for name in ("top1", "top5", "loss"))
    part = f", {len(scored)} of {known} classes" if len(scored) < known else ""
    images = f"{int(scores['images'])} images{part}"
    print(f"{images}: top-1 {top1:.2%}, top-5 {top5:.2%}, loss {loss:.4f}")


def print_matrix(confusion: NDArray, names: Sequence[str], scored: Sequence[str]) -> None:
    """Prints the confusion matrix, unless it is too wide; true classes are in rows."""
    rows = [number for number, name in enumerate(names) if name in scored]
    columns = [n for n in range(len(names)) if n in rows or confusion[:, n].any()]
    widths = [max(len(names[n]), len(str(confusion[:, n].max()))) + 3 for n in columns]
    if sum(widths) + max(len("true / predicted"), *(len(names[n]) for n in rows)) + 3 > WIDTH:
        return
    table = grid("true / predicted", *(names[number] for number in columns))
    for number in rows:
        table.add_row(names[number], *(str(confusion[number, n]) for n in columns))
    print_table(table)


def write_confusion(path: Path, confusion: NDArray, names: Sequence[str]) -> None:
    """Writes the confusion matrix as CSV: a row for each true class, a column for each answer."""
    with atomic_csv(path) as file:
        writer = csv.writer(file)
        writer.writerow(["class", *names])
        for name, row in zip(names, np.asarray(confusion).tolist(), strict=True):
            writer.writerow([name, *row])
