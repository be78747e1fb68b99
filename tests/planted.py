"""Plants mistakes in printed source, singly and in pairs, and tests if the check names them.

`python tests/planted.py [FRAMEWORK...] [--kind WORD]... [--pairs N]` tries the rows of planted.toml
whose kind contains one of the words, all if none is given, and then random pairs. It exits with 1
if less than 95 % are named exactly, layer and kind, or if any is reported as equal. With `--equal
[NETWORK...]` it checks networks as printed, at three sizes, and exits with 1 if any is reported as
different.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

from planting import MISTAKES, Mistake, Source, pairs, planted, printed

from common.errors import UserError
from common.jobs.environment import environment
from common.jobs.frameworks import FRAMEWORKS
from common.networks import NETWORKS, network
from common.spec import shape_text
from common.tools.check import check_work
from common.tools.check.check_jobs import Check
from common.tools.check.checker import import_checker
from common.tools.check.trace import unpack_trace
from common.tools.check.verdict import Verdict, reach_verdict

EXACT, OTHERWISE, UNEXPLAINED, EQUAL = "named exactly", "named otherwise", "unexplained", "EQUAL"


def verdict(framework: str, text: str, source: Source, box: Path) -> Verdict:
    """The check's verdict on a source."""
    name, shape, heads = source
    file = box / "mine.py"
    file.write_text(text)
    kind = import_checker(framework).NETWORK
    init = kind.__init__
    try:
        job = Check(framework=framework, source=str(file), network=name, input=shape, heads=heads)
        return reach_verdict(unpack_trace(check_work.check(job).arrays), name, job.heads)
    finally:
        kind.__init__ = init  # restores what the check replaced to note where layers are made


def outcome(framework: str, found: Verdict, mistakes: list[Mistake]) -> str:
    """The outcome of a check: whether the mistakes are named."""
    if found.status == "equal":
        return EQUAL if mistakes[0].found else EXACT
    if found.unexplained:
        return UNEXPLAINED
    wanted = [each for mistake in mistakes for each in mistake.wanted(framework).items()]
    named = [
        (place, each.what) for each in found.differences for place in each.places or (each.layer,)
    ]

    def is_named(layer: str, what: str) -> bool:
        return any(what == each[1] and fnmatchcase(each[0], layer) for each in named)

    def is_wanted(layer: str, what: str) -> bool:
        return any(what == each[1] and fnmatchcase(layer, each[0]) for each in wanted)

    exact = all(is_named(*each) for each in wanted) and all(is_wanted(*each) for each in named)
    return EXACT if exact else OTHERWISE


def try_out(framework: str, mistakes: list[Mistake], box: Path) -> str:
    """The outcome for one source, printed with what the check reported if it is not exact."""
    began = time.perf_counter()
    try:
        first, text = mistakes[0], planted(framework, mistakes)
        found = verdict(framework, text, first.source, box)
        result = outcome(framework, found, mistakes)
        said = [f"{each.layer}: {each.what}" for each in (*found.differences, *found.unexplained)]
    except Exception as error:  # a crash of the check is reported and counted as well
        result, said = UNEXPLAINED, [repr(error)]
    kinds = " + ".join(mistake.kind for mistake in mistakes)
    details = "" if result == EXACT else "; ".join(["", *said[:12]])
    seconds = time.perf_counter() - began
    print(f"{framework}: {kinds}: {result} ({seconds:.1f} s){details}", flush=True)
    return result


def forked(framework: str, mistakes: list[Mistake], box: Path) -> str:
    """The outcome of `try_out` in a process of its own, as Keras does not free old networks."""
    import_checker(framework)
    reader, writer = os.pipe()
    if not (child := os.fork()):
        try:
            os.write(writer, try_out(framework, mistakes, box).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as file:
        result = file.read()
    os.waitpid(child, 0)
    return result or "crashed"


def run(framework: str, words: list[str], count: int) -> bool:
    """Tries every mistake of the chosen kinds and then random pairs."""
    chosen = [each for each in MISTAKES if not words or any(word in each.kind for word in words)]
    good = True
    with tempfile.TemporaryDirectory() as box:
        for title, rows in {
            "one at a time": [[each] for each in chosen if each.found],
            "the same, written otherwise": [[each] for each in chosen if not each.found],
            "in pairs": list(pairs(framework, count)),
        }.items():
            results = Counter(forked(framework, row, Path(box)) for row in rows)
            if rows:
                share = results[EXACT] / len(rows)
                print(f"{framework}, {title}: {dict(results)}, {share:.0%} exactly", flush=True)
                good = good and share >= 0.95 and not results[EQUAL]
                good = good and (rows[0][0].found != {} or share == 1)
    return good


def equal(framework: str, text: str, source: Source, box: Path) -> tuple[bool, str]:
    """Whether a source is recognised as its network, and the check's report."""
    began = time.perf_counter()
    try:
        found = verdict(framework, text, source, box)
    except UserError as error:
        return False, f"NOT CHECKED: {error}"
    well = found.status == "equal" and source[0] in found.same
    said = "equal" if well else f"{found.status.upper()} {found.differences[:3]}"
    return well, f"{said} ({time.perf_counter() - began:.1f} s)"


def run_equal(framework: str, names: list[str]) -> bool:
    """Checks networks as printed, at three sizes; each must be recognised as itself."""
    good = True
    with tempfile.TemporaryDirectory() as box:
        for name in names or NETWORKS:
            channels, *published = network(name).input
            small = (64, 97) if name.startswith("googlenet") else (107, 139)
            for shape in [(channels, size, size + 2) for size in small] + [(channels, *published)]:
                source = name, shape, False
                try:
                    text = printed(framework, *source)
                except UserError:
                    continue  # too small for the network
                well, said = equal(framework, text, source, Path(box))
                print(f"{framework}: {name} at {shape_text(shape)}: {said}", flush=True)
                good = good and well
    return good


def here(framework: str, *words: str) -> None:
    """Tries the mistakes of the chosen kinds, in this process and those below it."""
    main([framework, "--here", *words])


def main(words: list[str]) -> int:
    """Runs one process per framework; returns the highest exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("frameworks", nargs="*", default=FRAMEWORKS)
    parser.add_argument("--kind", action="append", default=[])
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--equal", nargs="*", metavar="NETWORK", help="as printed, instead")
    parser.add_argument("--here", action="store_true", help="in this process")
    given = parser.parse_args(words)
    if given.here and given.equal is not None:
        return 0 if run_equal(given.frameworks[0], given.equal) else 1
    if given.here:
        return 0 if run(given.frameworks[0], given.kind, given.pairs) else 1
    rest = [word for word in words if word not in FRAMEWORKS]
    command = [sys.executable, __file__]
    ends = [
        subprocess.run(
            [*command, framework, "--here", *rest], env=environment(), check=False
        ).returncode
        for framework in given.frameworks
    ]
    return max(ends)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
