"""Prints the scores of an evaluation as a table."""

from collections.abc import Mapping, Sequence

from numpy.typing import NDArray

from common.command.show import grid, print_table


def print_scores(
    scores: Mapping[str, NDArray], names: Sequence[str], scored: Sequence[str], known: int
) -> None:
    """Prints each class with its images, the correct ones and the most frequent wrong class.

    `names` are the classes of the network's outputs, and `scored` are those in the data, out of
    `known` classes that have names.
    """
    table = grid("class", "images", "right", "most often taken for")
    for number, row in enumerate(scores["confusion"]):
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
