"""The `exercise` command: grades answers to the book's exercises, or writes files to search."""

from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.grade_answers import grade_answers
from common.command.options import AsJson, check_known, one_of
from common.command.plant_mistakes import plant_mistakes
from common.errors import UsageError
from common.jobs.frameworks import FRAMEWORKS
from common.tools.exercises.chapters import CHAPTERS

PLANT = "plant"
SHEETS = Path("exercise")


@app.command()
def exercise(
    chapter: Annotated[
        str, typer.Argument(metavar="NN|plant", help="Grade this chapter, or plant mistakes.")
    ],
    answers: Annotated[
        str, typer.Argument(metavar="FILE.py|N", help="Grade this file, or write N files.")
    ],
    framework: Annotated[str, one_of(FRAMEWORKS, "Write them for this framework.")] = "pytorch",
    seed: Annotated[int, typer.Option("--seed", help="Seed the random mistakes.")] = 0,
    out: Annotated[Path, typer.Option("--out", help="Write the files to this folder.")] = SHEETS,
    language: Annotated[
        str, typer.Option("--lang", metavar="en|zh", help="Write the key in this language.")
    ] = "en",
    limit: Annotated[float, typer.Option(help="Stop the file after this many seconds.")] = 60,
    as_json: AsJson = False,
) -> int:
    """Grade a chapter's exercises, or plant mistakes.

    `exercise NN FILE.py` RUNS THE FILE in a separate process, and grades its answers to the
    exercises of chapter NN of the book; `googlenet check` compares networks and blocks.

    `exercise plant N` writes N GoogLeNets as `googlenet source` prints them, with one mistake that
    students make in each; key.txt in the same folder says where it is. The same seed gives the
    same mistakes in each framework.
    """
    check_known("chapter", chapter, [PLANT, *CHAPTERS])
    if chapter == PLANT:
        plant_mistakes(answers, framework, seed, out, language)
        return 0
    if not limit > 0:
        raise UsageError(f"--limit {limit}: give a number of seconds above 0")
    return grade_answers(chapter, Path(answers), limit, as_json)
