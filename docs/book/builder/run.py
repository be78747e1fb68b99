"""Runs the book's cells and stores what they print and draw, or checks what is stored.

python docs/book/builder/run.py [--check] [--side pytorch] [CHAPTER ...]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cells import CODE, FIGURES, FRAMEWORKS, OUTPUT, BookError, chapters, code_file, sides
from compare import changes, disagreements, orphans

ROOT = Path(__file__).parents[3]
SECONDS = 600  # the longest that a file of cells may take
EXECUTE = Path(__file__).with_name("execute.py")


def main() -> int:
    """Runs what the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="as 01 or 01_counting")
    parser.add_argument("--check", action="store_true", help="compare with what is stored")
    parser.add_argument("--side", choices=[*FRAMEWORKS, FIGURES], help="run this file alone")
    options = parser.parse_args()
    try:
        chosen = choose(options.chapters)
        with tempfile.TemporaryDirectory() as folder:
            return run_all(chosen, options.side, Path(folder), check=options.check)
    except BookError as error:
        print(error, file=sys.stderr)
        return 1


def choose(names: list[str]) -> list[str]:
    """The chapters that the names or numbers on the command line mean."""
    found = [c for c in chapters() if not names or c in names or c.split("_")[0] in names]
    unknown = [n for n in names if not any(n in (c, c.split("_")[0]) for c in found)]
    if unknown:
        raise BookError(f"no chapter is named {unknown[0]}; there are {', '.join(chapters())}")
    return found


def run_all(chosen: list[str], side: str | None, new: Path, *, check: bool) -> int:
    """Runs the files, then compares with what is stored or takes its place."""
    jobs = [(c, s) for c in chosen for s in sides(c) if side in (None, s)]
    # Figures may read what the frameworks' cells printed.
    first, then = [j for j in jobs if j[1] != FIGURES], [j for j in jobs if j[1] == FIGURES]
    wrong: list[str] = []
    cores = os.cpu_count() or 2
    # The times that are stored are those of a framework that has threads and hardly a neighbour.
    count, variables = (cores, {"OMP_NUM_THREADS": "1"}) if check else (max(1, cores // 2), {})
    with ThreadPoolExecutor(count) as pool:
        for group in (first, then):
            wrong += filter(None, pool.map(lambda job: run_file(*job, new, variables), group))
            if not check and not wrong:
                store(group, new)
    for chapter in chosen:
        wrong += disagreements(chapter, new)
        wrong += changes(chapter, new) if check else []
    wrong += orphans() if check else []
    return report(wrong, len(jobs))


def run_file(chapter: str, side: str, new: Path, variables: dict[str, str]) -> str:
    """Runs one file of cells in a process and a folder of its own; returns its error, or ""."""
    output = new / chapter / side
    own = {"BOOK_OUTPUT": str(OUTPUT / chapter), "PYTHONHASHSEED": "0"}
    environment = {**os.environ, **own, **variables}
    command = [sys.executable, str(EXECUTE), str(code_file(chapter, side)), str(output)]
    with tempfile.TemporaryDirectory() as work:
        try:
            done = subprocess.run(
                command, cwd=work, env=environment, timeout=SECONDS, capture_output=True, text=True
            )
        except subprocess.TimeoutExpired:
            return f"{chapter}, {side}: stopped after {SECONDS} s"
    if done.returncode == 0:
        print(f"{chapter}, {side}: done", file=sys.stderr, flush=True)
        return ""
    shutil.rmtree(output, ignore_errors=True)
    return done.stdout.strip() or f"{chapter}, {side}: {last_line(done.stderr, done.returncode)}"


def last_line(text: str, code: int) -> str:
    """The last line that a failed process wrote, or its status."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else f"the process ended with status {code}"


def store(jobs: Iterable[tuple[str, str]], new: Path) -> None:
    """Replaces the stored outputs of files of cells by the new ones."""
    for chapter, side in jobs:
        old = OUTPUT / chapter / side
        shutil.rmtree(old, ignore_errors=True)
        if (new / chapter / side).exists():
            shutil.copytree(new / chapter / side, old)


def report(wrong: list[str], count: int) -> int:
    """Prints what is wrong; returns 1 if anything is."""
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{count} files of {CODE.name} were run; {len(wrong)} lines report an error")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
