"""The metrics of a run: JSON lines, one for each step and one for the scores of each epoch."""

import json
from collections.abc import Sequence
from pathlib import Path

from common.errors import DataError
from common.files.atomic import atomic_file

STEP = {"step": int, "epoch": int, "loss": float, "lr": float}
EPOCH = {"epoch": int, "steps": int, "split": str, "top1": float, "loss": float}
EPOCH |= {"images_per_second": float}


def read_metrics(path: Path) -> list[dict]:
    """The valid lines; damaged lines, and a last one that is incomplete, are left out."""
    return read_lines(path)[0]


def read_lines(path: Path) -> tuple[list[dict], list[int]]:
    """The valid lines, and the numbers of damaged lines, counted from 1.

    A last line without a newline does not count as damaged: the process was killed as it wrote it.
    """
    try:
        texts = path.read_text(errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    valid, damaged = [], []
    for number, text in enumerate(texts, 1):
        line = read_line(text)
        if line is not None:
            valid.append(line)
        elif text.endswith("\n"):
            damaged.append(number)
    return valid, damaged


def read_line(text: str) -> dict | None:
    """The contents of a line; None if it is not a valid line for a step or an epoch."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    kinds = STEP if "step" in line else EPOCH
    sound = all(type(line.get(name)) in (kind, int) for name, kind in kinds.items())
    return line if sound else None


def cut_metrics(path: Path, step: int) -> list[str]:
    """Removes lines for later steps and invalid lines; returns messages about what was lost."""
    lines, damaged = read_lines(path)
    # An epoch's line contains the number of steps done by then.
    kept = [line for line in lines if line.get("step", line.get("steps", 0)) <= step]
    text = "".join(f"{json.dumps(line)}\n" for line in kept)
    if path.exists() and path.read_bytes() != text.encode():
        with atomic_file(path) as temporary:
            temporary.write_text(text)
    messages = []
    if damaged:
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        messages.append(f"{path}: line {damaged[0]}{more}: damaged and removed")
    if missing := step - sum("step" in line for line in kept):
        messages.append(f"{path}: {missing} of the first {step} steps have no line")
    return messages


def training_top1(lines: Sequence[dict]) -> dict[int, float]:
    """The mean top-1 of the training batches by epoch, for the epochs whose steps all record it."""
    by_epoch: dict[int, list[float | None]] = {}
    for line in lines:
        if "step" in line:
            by_epoch.setdefault(line["epoch"], []).append(line.get("top1"))
    return {
        epoch: sum(filter(None, shares)) / len(shares)
        for epoch, shares in by_epoch.items()
        if None not in shares
    }
