"""The `check` command: compares a user's own implementation with the published networks."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.check_many import SUFFIXES, check_many, listed_in, show_many, write
from common.command.check_report import print_verdict
from common.command.documents import json_text, print_json
from common.command.options import AsJson, Aux, check_known, one_of, read_size
from common.command.outputs import check_outputs
from common.command.progress import progress
from common.errors import DataError, UsageError, UserError
from common.jobs.frameworks import FRAMEWORKS
from common.networks import network
from common.tools.check.advice import LANGUAGES
from common.tools.check.check_file import Outcomes, check_file
from common.tools.check.check_jobs import Check
from common.tools.check.detect import detect_framework
from common.tools.check.document import verdict_json
from common.tools.check.grading import Rubric, csv_text, html_text, read_rubric
from common.tools.check.submissions import Batch
from common.tools.check.verdict import Verdict

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE.py[:NAME]|FOLDER|MODULE:NAME...", help="Check these implementations."
    ),
]
WrittenIn = Annotated[
    str | None, one_of(FRAMEWORKS, "Choose the framework of the code [by its imports].")
]
NetworkName = Annotated[
    str | None, typer.Option("--network", help="Compare with this network [the closest].")
]
Size = Annotated[str, typer.Option("--input", metavar="CxHxW", help="Set the input size.")]
MadeBy = Annotated[
    str,
    typer.Option("--call", metavar="EXPR", help="Construct it with this call: 'GoogLeNet(10)'."),
]
WithGradients = Annotated[bool, typer.Option("--grad", help="Also check one training step.")]
Limit = Annotated[float, typer.Option(help="Stop each file after this many seconds.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Also write the results to this JSON file.")
]
Language = Annotated[str, typer.Option("--lang", metavar="en|zh", help="Explain in this language.")]
CsvFile = Annotated[Path | None, typer.Option("--csv", help="Also write grades to this CSV file.")]
HtmlFile = Annotated[
    Path | None, typer.Option("--html", help="Also write feedback to this HTML file.")
]
RubricFile = Annotated[
    Path | None, typer.Option("--rubric", help="Take the points of each kind from this TOML file.")
]
Workers = Annotated[int, typer.Option("-j", "--jobs", help="Check this many files at a time.")]
SOURCE = re.compile(r"(?P<source>.+?)(:(?P<name>[A-Za-z_][\w.()]*))?")


@app.command()
def check(
    sources: Sources,
    framework: WrittenIn = None,
    name: NetworkName = None,
    size: Size = "",
    made_by: MadeBy = "",
    aux: Aux = False,
    grad: WithGradients = False,
    limit: Limit = 300,
    report: ReportFile = None,
    csv: CsvFile = None,
    html: HtmlFile = None,
    rubric: RubricFile = None,
    workers: Workers = 1,
    language: Language = "en",
    as_json: AsJson = False,
) -> int:
    """Compare your own code with the published networks.

    RUNS THE FILE, as `python FILE.py` would, in a separate process; docs/check.md describes its
    limits. In a folder, all .py and .ipynb files are checked.
    """
    check_options(framework, name, aux, limit, language, workers)
    marks = read_rubric(rubric)
    paths = [file for source in sources for file in files(source)]
    check_outputs(report, csv, html, inputs=[*paths, rubric])
    shape, code = read_size(size) or (), framework or ""
    asked = Check(framework=code, source="", input=shape, call=made_by, network=name)
    asked = replace(asked, heads=aux, grad=grad)
    listed = [each for source in sources for each in listed_in(source)]
    if len(listed) == 1 and workers == 1 and not (csv or html):
        return check_one(asked, listed[0], limit, report, language, as_json)
    batch = Batch([(source, job_or_error(asked, source)) for source in listed], limit, workers)
    documents = check_many(batch, report, marks)
    write_grades(documents, marks, csv, html, language)
    return show_many(documents, report, as_json)


def write_grades(
    documents: list[dict], marks: Rubric, csv: Path | None, html: Path | None, language: str
) -> None:
    """Writes the grades and the feedback, where they were requested."""
    write(csv, csv_text(documents, marks))
    write(html, html_text(documents, marks, language))


def check_one(
    asked: Check, source: str, limit: float, report: Path | None, language: str, as_json: bool
) -> int:
    """Checks one file and shows the result; returns the exit code."""
    with progress() as report_progress:
        job = of(asked, source)
        outcomes = check_file(job, source, limit, report_progress)
    return show(outcomes, job, report, language, as_json)


def job_or_error(asked: Check, source: str) -> Check | UserError:
    """The check of a source, or what is wrong with its name."""
    try:
        return of(asked, source)
    except (UsageError, DataError) as error:
        return error


def check_options(
    framework: str | None, name: str | None, aux: bool, limit: float, language: str, workers: int
) -> None:
    """Raises UsageError for an option that is invalid for every file."""
    if framework:
        check_known("framework", framework, FRAMEWORKS)
    check_known("language", language, LANGUAGES)
    if name:
        network(name, aux=aux)
    if not limit > 0:  # also rejects NaN
        raise UsageError(f"--limit {limit}: give a number of seconds above 0")
    if workers < 1:
        raise UsageError(f"--jobs {workers}: give a number of at least 1")


def show(outcomes: Outcomes, job: Check, report: Path | None, language: str, as_json: bool) -> int:
    """Shows the networks of one file: one in full, several as a line each; returns the exit code.

    Raises the error of a file whose only network could not be checked.
    """
    source, verdict = outcomes[0]
    if len(outcomes) == 1 and isinstance(verdict, UserError):
        raise verdict
    documents = [verdict_json(*each) for each in outcomes]
    if len(outcomes) > 1:
        return show_many(documents, report, as_json)
    write(report, json_text(documents[0]) + "\n")
    if as_json:
        print_json(documents[0])
    elif isinstance(verdict, Verdict):
        print_verdict(source, verdict, language, job.framework)
    return 0 if documents[0]["verdict"] == "equal" else 1


def files(source: str) -> list[Path]:
    """The files that a source may refer to: FILE.py:NAME refers to FILE.py."""
    return [Path(source), Path(source.rpartition(":")[0])]


def of(asked: Check, text: str) -> Check:
    """The check of the file or module in `text`, and of the name in it, if given.

    Raises UsageError for malformed text, DataError for a missing file.
    """
    match = SOURCE.fullmatch(text)
    source, name = (match["source"], match["name"] or "") if match else (text, "")
    framework = asked.framework or detect_framework(source)
    if source.endswith(SUFFIXES):
        if not Path(source).is_file():
            what = "is not a regular file" if Path(source).exists() else "no such file"
            raise DataError(f"{source}: {what}")
        return replace(asked, source=source, name=name, framework=framework)
    if not re.fullmatch(r"[A-Za-z_][\w.]*", source):
        raise UsageError(f"{text}: give FILE.py, FILE.py:NAME or MODULE:NAME")
    return replace(asked, source=source, name=name, framework=framework)
