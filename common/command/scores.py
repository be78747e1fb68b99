"""The scores of an evaluation, as a table."""

from collections.abc import Mapping, Sequence

from numpy.typing import NDArray

from common.command.show import grid, print_table


def print_scores(scores: Mapping[str, NDArray], classes: Sequence[str]) -> None:
    """Each class with its images, those that were right, and what the others were taken for."""
    table = grid("class", "images", "right", "most often taken for")
    for number, (name, row) in enumerate(zip(classes, scores["confusion"], strict=True)):
        wrong = row.copy()
        wrong[number] = 0
        other = f"{classes[wrong.argmax()]} ({wrong.max()})" if wrong.any() else ""
        table.add_row(name, str(row.sum()), str(row[number]), other)
    print_table(table)
    top1, top5, loss = (float(scores[name]) for name in ("top1", "top5", "loss"))
    print(f"{int(scores['images'])} images: top-1 {top1:.2%}, top-5 {top5:.2%}, loss {loss:.4f}")
