"""Writes networks with a mistake, for students to find; the `exercise plant` command."""

import random
from pathlib import Path

from common.command.options import check_known
from common.command.outputs import check_outputs
from common.command.printable import print_line
from common.errors import UsageError
from common.files.atomic import atomic_file
from common.jobs.frameworks import FRAMEWORKS
from common.networks import network
from common.spec.planner import make_plan
from common.tools.check.advice import LANGUAGES
from common.tools.exercises.plant import mistakes
from common.tools.source.printer import import_printer

KEY = "key.txt"


def plant_mistakes(count: str, framework: str, seed: int, out: Path, language: str) -> None:
    """Writes the files and the key to a new folder."""
    check_known("framework", framework, FRAMEWORKS)
    check_known("language", language, LANGUAGES)
    if not (count.isdecimal() and 1 <= int(count) <= 999):
        raise UsageError(f"{count} files: give a number from 1 to 999")
    if out.exists():
        raise UsageError(f"{out} already exists; choose another --out")
    check_outputs(out)  # a file in its place could be written
    texts, key = sheets(framework, int(count), seed, language)
    out.mkdir()
    for name, text in {**texts, KEY: key}.items():
        with atomic_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print_line(f"{out}: {count} files with a mistake each; {out / KEY} is the key")


def sheets(framework: str, count: int, seed: int, language: str) -> tuple[dict[str, str], str]:
    """The files by name, and the key."""
    printer, texts, lines = import_printer(framework), {}, []
    for number, mistake in enumerate(mistakes(random.Random(seed), count), 1):
        plan = make_plan(mistake.plant(network("googlenet")))
        name = f"{number:03}.py"
        texts[name] = without_counts(printer.source(plan).text)
        lines.append(f"{name}: {mistake.where}: {getattr(mistake, language)}")
    return texts, "\n".join(lines) + "\n"


def without_counts(text: str) -> str:
    """A source without the number of its parameters, which would tell where to look."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if "multiply-adds." not in line)
