"""`check` for several files: a line for each as soon as it is done, grades and feedback."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.command.check_report import print_documents
from common.command.documents import json_text, print_json
from common.command.progress import progress
from common.files.atomic import atomic_file
from common.tools.check.grading import Rubric, points
from common.tools.check.submissions import Batch, check_all, files_in, known_documents

SUFFIXES = (".py", ".ipynb")


def check_many(batch: Batch, report: Path | None, rubric: Rubric) -> list[dict]:
    """The documents of several files; each is reported in a line as soon as it is there."""
    with progress() as report_progress:

        def done(document: Mapping) -> None:
            count = len(document.get("differences", ()))
            text = document.get("error") or f"{document['verdict']}, {count} differences"
            report_progress(document["source"], f"{text}; {points(document, rubric):g} points")

        return check_all(batch, list(known_documents(report)), done)


def write(path: Path | None, text: str) -> None:
    """Writes a file, if one was requested."""
    if path:
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def show_many(documents: Sequence[Mapping], report: Path | None, as_json: bool) -> int:
    """Writes the report if requested; prints one line for each network; returns the exit code."""
    write(report, json_text(documents) + "\n")
    if as_json:
        print_json(documents)
    else:
        print_documents(documents)
    return 0 if all(each["verdict"] == "equal" for each in documents) else 1


def listed_in(source: str) -> list[str]:
    """The files in a folder; any other source as it is."""
    is_folder = Path(source).is_dir() and not source.endswith(SUFFIXES)
    return [str(path) for path in files_in(Path(source))] if is_folder else [source]
