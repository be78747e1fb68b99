"""The metrics of a run: one JSON object per line, one line per step, one per epoch's evaluation."""

import json
from pathlib import Path

from common.errors import DataError
from common.files.atomic import atomic_file


def read_metrics(path: Path) -> list[dict]:
    """Every complete line; what a killed process left unfinished is passed over."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    found = []
    for line in lines:
        try:
            found.append(dict(json.loads(line)))
        except ValueError:
            continue
    return found


def cut_metrics(path: Path, step: int) -> None:
    """Takes out what lies after a step, and what is unfinished."""
    lines = read_metrics(path)
    # An epoch's line has the number of steps until then.
    kept = [line for line in lines if line.get("step", line.get("steps", 0)) <= step]
    text = "".join(f"{json.dumps(line)}\n" for line in kept)
    if path.exists() and path.read_text() != text:
        with atomic_file(path) as temporary:
            temporary.write_text(text)
