"""Breaks small files of every type in thousands of ways, and reads the results.

`python tests/fuzz.py --mutants 10000 --structured 2000 --seed 1`: mutants are sound files with some
bytes changed; structured files have one hostile field. Each is read as `identify` and `convert`
read it, or as `run` and `data` do, in a process that reads many. It must be read, or refused with a
one-line error, within 10 s on one core and 1.5 GB, and nothing in it may be executed.
"""

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hostile_files import FIFO, MARK, hostile_file
from limited import Child
from small_files import small_files


@dataclass
class Report:
    """All answers, and the files that were at fault."""

    kept: Path
    answers: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def add(self, found, path):
        """Adds an answer; a file at fault is kept, any other is deleted."""
        self.answers.append(found)
        if found.fault:
            kept = self.kept / f"{len(self.faults)}-{path.name}"
            self.kept.mkdir(exist_ok=True)
            path.rename(kept)
            self.faults.append(f"{kept}: {found.fault}")
        else:
            path.unlink()

    def __str__(self):
        slowest = max(self.answers, key=lambda each: each.seconds)
        largest = max(self.answers, key=lambda each: each.megabytes)
        read_well = Counter(each.line == "read" for each in self.answers)[True]
        return (
            f"{len(self.answers)} files, {read_well} read, {len(self.faults)} at fault\n"
            f"slowest: {slowest.seconds:.1f} s, {slowest.name}: {slowest.line[:150]!a}\n"
            f"largest: {largest.megabytes} MB, {largest.name}: {largest.line[:150]!a}"
        )


def mutant(content, draw, others):
    """The content with bytes changed, lost, doubled, copied from others or made a huge length."""
    raw = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 4, 8])):
        place, size = draw.randrange(len(raw) or 1), draw.choice([1, 2, 4, 8])
        match draw.randrange(6):
            case 0:
                raw[place : place + 1] = draw.randbytes(1)
            case 1:
                del raw[place : place + draw.choice([1, 4, 50])]
            case 2:
                raw[place:place] = raw[place : place + draw.choice([1, 16, 300])]
            case 3:
                other = draw.choice(others)
                at = draw.randrange(len(other))
                raw[place : place + 64] = other[at : at + draw.choice([4, 64, 300])]
            case 4 if draw.randrange(3) == 0:
                del raw[place:]
            case _:
                value = draw.choice(
                    [0, 1, 0x7F, 0xFF, 2**31 - 1, 2**32 - 1, 2**62, 2**63, 2**64 - 1]
                )
                low = (value % (1 << 8 * size)).to_bytes(size, draw.choice(["little", "big"]))
                raw[place : place + size] = low
    return bytes(raw)


def files(mutants, structured, draw):
    """Yields the names and contents of the files to read."""
    sound = small_files()
    yield from sound.items()
    for count in range(mutants):
        name = list(sound)[count % len(sound)]
        yield name, mutant(sound[name], draw, list(sound.values()))
    for _ in range(structured):
        yield hostile_file(draw)


def fuzz(folder, mutants, structured, seed, processes=2):
    """Reads the files in `processes` processes; what they write and link to is in the folder."""
    os.chdir(folder)
    os.mkfifo(FIFO)
    report, children = Report(folder / "faults"), [Child() for _ in range(processes)]
    todo = enumerate(files(mutants, structured, random.Random(seed)))
    busy = {}
    while True:
        for place, child in enumerate(children):
            if place in busy and (found := child.take()):
                report.add(found, busy.pop(place))
                if not child.process.is_alive():
                    child.end()
                    children[place] = child = Child()
            if place not in busy and (following := next(todo, None)):
                number, (name, content) = following
                path = folder / f"{number}-{name}"
                path.write_bytes(content)
                busy[place] = path
                child.give(path)
        if not busy:
            break
    for child in children:
        child.end()
    if Path(MARK).exists():
        report.faults.append("a file was executed")
    return report


def main():
    """Parses the command line and runs the fuzzer."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, count in {"mutants": 10_000, "structured": 2_000, "seed": 1}.items():
        options.add_argument(f"--{name}", type=int, default=count)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    report = fuzz(folder, given.mutants, given.structured, given.seed)
    print(report, *report.faults, sep="\n")
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
