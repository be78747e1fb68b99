"""Breaks the code in one place at a time and verifies that the tests notice.

`python tests/mutants.py [--tested] [--changed] [WORD ...]` runs all mutants, or those with one of
the words in their name. Each is a copy of the tree with one text replaced; a mutant whose tests
pass is a failure, and so is an unchanged copy whose tests fail. Right after `make test-all`,
`--tested` skips those copies. `--changed` skips mutants that were caught before if neither the file
to break nor their tests have changed since; mutants_caught.json records them.
"""

import argparse
import ast
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from functools import cache, partial
from pathlib import Path

from forked import Forked
from mutant_server import PACKAGES

ROOT = Path(__file__).resolve().parent.parent
LEFT = shutil.ignore_patterns(".*", "build", "_build", "*.egg-info", "train-demo")
SERVER = ROOT / "tests" / "mutant_server.py"
FRAMEWORKS = tuple(PACKAGES)
# One mutant runs per core, and more threads would wait for one another.
THREADS = {"OMP_NUM_THREADS": "1"}
CAUGHT = ROOT / "tests" / "mutants_caught.json"
MUTANTS = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text())["mutant"]


@dataclass(frozen=True)
class Mutant:
    """A row of mutants.toml."""

    name: str
    file: str
    old: str
    new: str
    tests: str

    def broken(self) -> str:
        """The text of the file with the mistake in it."""
        text = (ROOT / self.file).read_text()
        if self.old not in text:
            raise SystemExit(f"{self.name}: the text to break is no longer in {self.file}")
        return text.replace(self.old, self.new)

    def fingerprint(self) -> str:
        """A hash of the mutant, the file that it breaks, its tests and the pinned versions."""
        digest = hashlib.sha256(repr(astuple(self)).encode())
        tests = sorted(test_code(self.tests))
        for path in (ROOT / self.file, ROOT / "requirements.txt", *tests):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


@cache
def test_code(tests: str) -> set[Path]:
    """The test file of a row, and the files of tests that it imports, directly or indirectly."""
    file = ROOT / shlex.split(tests)[0].partition("::")[0]
    folders = {file.parent, ROOT / "tests"}
    found: set[Path] = set()
    unread = {file, *(folder / "conftest.py" for folder in folders)}
    while unread := {path for path in unread - found if path.exists()}:
        found |= unread
        names = {name for path in unread for name in imported_names(path)}
        unread = {folder / f"{name}.py" for folder in folders for name in names}
    return found


def imported_names(path: Path) -> set[str]:
    """The names of the modules that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}


class Servers:
    """The processes from which tests are forked: one for each framework, and one without any."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> "Servers":
        for framework in ("none", *FRAMEWORKS):
            command = [sys.executable, "-P", SERVER, str(self.folder), framework]
            self.processes[framework] = subprocess.Popen(
                command, stdin=subprocess.PIPE, env=os.environ | THREADS
            )
        for framework, process in self.processes.items():
            while not self.address(framework).exists():
                if process.poll() is not None:
                    raise SystemExit(f"{framework}: cannot be imported")
                time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.kill()

    def address(self, framework: str) -> Path:
        """The address of a framework's server."""
        return self.folder / f"{framework}.sock"


def survives(mutant: Mutant, servers: Servers) -> tuple[bool, float]:
    """Whether the tests pass on a copy of the tree with the mistake, and their time in seconds."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder) / "tree"
        # This includes Python's compiled files, which are still valid.
        shutil.copytree(ROOT, tree, ignore=LEFT)
        (tree / mutant.file).write_text(mutant.broken())
        words = ["-x", "-q", "-p", "no:cacheprovider", *shlex.split(mutant.tests)]
        framework = words[words.index("--framework") + 1] if "--framework" in words else "none"
        environment = os.environ | THREADS | {"PYTHONPATH": str(tree)}
        # The cached results are valid, because their names hash the code.
        environment |= {"REFERENCE_CACHE": str(ROOT / "build" / "reference")}
        environment |= {"WARM_PARENTS": str(servers.folder)}
        with open(Path(folder) / "log", "w+b") as log:
            address = servers.address(framework)
            fork = Forked(address, "mutant_server:test", words, environment, log, cwd=tree)
            status = fork.wait()
            fork.stdin.close()
            log.seek(0)
            if status not in (0, 1):
                raise SystemExit(f"{mutant.name}: its tests did not run\n{log.read()[-2000:]}")
        return status == 0, time.perf_counter() - began


def unbroken(mutants: list[Mutant]) -> list[Mutant]:
    """Unbroken copies, one for each test file, with all the tests in it that mutants run."""
    words: dict[str, set[str]] = {}
    for mutant in mutants:
        tests, _, chosen = mutant.tests.partition(" -k ")
        words.setdefault(tests, set()).add(chosen.strip("'\"") or "test")
    names = {tests: " or ".join(f"({each})" for each in sorted(words[tests])) for tests in words}
    return [
        replace(mutants[0], name=f"unbroken: {t}", new=mutants[0].old, tests=f"{t} -k '{k}'")
        for t, k in names.items()
    ]


def main() -> int:
    """Runs the tests on unbroken copies and then the mutants, one per core; counts failures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="a word in the names of mutants")
    parser.add_argument("--tested", action="store_true", help="skip unbroken copies")
    parser.add_argument("--changed", action="store_true", help="skip what was caught as it is")
    options = parser.parse_args()
    caught = json.loads(CAUGHT.read_text()) if CAUGHT.exists() else {}
    named = [m for m in all_mutants() if matches(m, options.words)]
    chosen = [m for m in named if not options.changed or caught.get(m.name) != m.fingerprint()]
    todo = chosen if options.tested else [*unbroken(chosen), *chosen]
    failures = []
    cores = len(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        Servers(Path(folder)) as servers,
        ThreadPoolExecutor(cores) as pool,
    ):
        results = pool.map(partial(survives, servers=servers), todo)
        for mutant, (alive, seconds) in zip(todo, results, strict=True):
            broken = mutant.new != mutant.old
            word = "survived" if alive else "caught"
            verdict = "WRONG" if alive == broken else "ok"
            line = f"{verdict:6}{word:9}{seconds:4.0f} s  {mutant.name}"
            print(line, flush=True)
            failures += [line] if alive == broken else []
            if broken:
                record(mutant, caught, alive=alive)
    print(f"{len(todo) - len(failures)} passed, {len(failures)} failed", *failures, sep="\n")
    return len(failures)


def all_mutants() -> list[Mutant]:
    """The rows of mutants.toml."""
    return [Mutant(**row) for row in MUTANTS]


def matches(mutant: Mutant, words: list[str]) -> bool:
    """Whether one of the words, if there are any, is in the name of the mutant."""
    return not words or any(word in mutant.name for word in words)


def record(mutant: Mutant, caught: dict[str, str], *, alive: bool) -> None:
    """Adds the mutant to those that were caught, or removes it; forgets those that are no more."""
    caught[mutant.name] = "" if alive else mutant.fingerprint()
    kept = {m.name: caught[m.name] for m in all_mutants() if caught.get(m.name)}
    CAUGHT.write_text(json.dumps(kept, indent=0) + "\n")


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
