"""The metrics of a run: one JSON object per line, one line per step, one per epoch's evaluation."""

import json
from pathlib import Path

from common.errors import DataError
from common.files.atomic import atomic_file

STEP = {"step": int, "epoch": int, "loss": float, "lr": float}
EPOCH = {"epoch": int, "steps": int, "split": str, "top1": float, "loss": float}
EPOCH |= {"images_per_second": float}


def read_metrics(path: Path) -> list[dict]:
    """Every complete line; damaged ones, and one that a killed process left, are passed over."""
    return read_lines(path)[0]


def read_lines(path: Path) -> tuple[list[dict], list[int]]:
    """The lines of a step or an epoch, and the numbers of damaged lines, counted from 1.

    The last line is not damaged but unfinished if it has no end.
    """
    try:
        texts = path.read_text(errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    found, damaged = [], []
    for number, text in enumerate(texts, 1):
        line = read_line(text)
        if line is not None:
            found.append(line)
        elif text.endswith("\n"):
            damaged.append(number)
    return found, damaged


def read_line(text: str) -> dict | None:
    """What a line says; None where it is not the line of a step or an epoch."""
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
    """Takes out what lies after a step, and what is unfinished; gives lines on what was lost."""
    lines, damaged = read_lines(path)
    # An epoch's line has the number of steps until then.
    kept = [line for line in lines if line.get("step", line.get("steps", 0)) <= step]
    text = "".join(f"{json.dumps(line)}\n" for line in kept)
    if path.exists() and path.read_bytes() != text.encode():
        with atomic_file(path) as temporary:
            temporary.write_text(text)
    told = []
    if damaged:
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        told.append(f"{path}: line {damaged[0]}{more}: damaged, and taken out")
    if missing := step - sum("step" in line for line in kept):
        told.append(f"{path}: {missing} of the first {step} steps have no line")
    return told
