"""The `check` command: compares a user's own implementation with the published networks."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.check_report import print_many, print_verdict, verdict_json
from common.command.documents import json_text, print_json
from common.command.options import AsJson, Aux, check_known, one_of, read_size
from common.command.outputs import check_outputs
from common.command.progress import progress
from common.errors import CheckFailed, DataError, MissingFramework, UsageError, UserError
from common.files.atomic import atomic_file
from common.jobs.call import call
from common.jobs.frameworks import FRAMEWORKS
from common.networks import network
from common.tools.check.check_jobs import Check
from common.tools.check.trace import unpack_trace
from common.tools.check.verdict import Verdict, reach_verdict

Sources = Annotated[
    list[str],
    typer.Argument(metavar="FILE.py[:NAME]|MODULE:NAME...", help="Check these implementations."),
]
WrittenIn = Annotated[str, one_of(FRAMEWORKS, "Choose the framework of the code.")]
NetworkName = Annotated[
    str | None, typer.Option("--network", help="Compare with this network [the closest].")
]
Size = Annotated[str, typer.Option("--input", metavar="CxHxW", help="Run it at this input size.")]
MadeBy = Annotated[
    str, typer.Option("--call", metavar="EXPR", help="Make it by this call: 'GoogLeNet(10)'.")
]
WithGradients = Annotated[bool, typer.Option("--grad", help="Also check one training step.")]
Limit = Annotated[float, typer.Option(help="Stop each file after this many seconds.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Also write the results to this JSON file.")
]
Found = Sequence[tuple[str, Verdict | UserError]]
SOURCE = re.compile(r"(?P<source>.+?)(:(?P<name>[A-Za-z_]\w*))?")


@app.command()
def check(
    sources: Sources,
    framework: WrittenIn = "pytorch",
    name: NetworkName = None,
    size: Size = "",
    made_by: MadeBy = "",
    aux: Aux = False,
    grad: WithGradients = False,
    limit: Limit = 300,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> int:
    """Compare your own code with the published networks.

    Every difference is named. RUNS THE FILE: imports it as `python FILE.py` would, in a process
    of its own, and makes its network. Where the file defines neither a network nor a class of
    one, every function in it that needs no arguments is called. docs/check.md says how the
    process is limited.
    """
    check_options(framework, name, aux, limit)
    check_outputs(report, inputs=[file for source in sources for file in files(source)])
    asked = Check(
        framework=framework,
        source="",
        call=made_by,
        network=name,
        input=read_size(size) or (),
        heads=aux,
        grad=grad,
    )
    with progress() as report_progress:
        found = [(source, attempt(asked, source, limit, report_progress)) for source in sources]
    first = found[0][1]
    if len(found) == 1 and isinstance(first, UserError):
        raise first
    documents = [verdict_json(source, each) for source, each in found]
    show(found, documents[0] if len(found) == 1 else documents, report, as_json)
    return 0 if all(is_equal(each) for _, each in found) else 1


def check_options(framework: str, name: str | None, aux: bool, limit: float) -> None:
    """Raises UsageError for an option that is invalid for every file."""
    check_known("framework", framework, FRAMEWORKS)
    if name:
        network(name, aux=aux)
    if not limit > 0:  # also rejects NaN
        raise UsageError(f"--limit {limit}: give a number of seconds above 0")


def show(found: Found, document: object, report: Path | None, as_json: bool) -> None:
    """Writes the report if requested; prints one network in full, several as one line each."""
    if report:
        with atomic_file(report) as temporary:
            temporary.write_text(json_text(document) + "\n")
    source, verdict = found[0]
    if as_json:
        print_json(document)
    elif len(found) == 1 and isinstance(verdict, Verdict):
        print_verdict(source, verdict)
    else:
        print_many(found)


def files(source: str) -> list[Path]:
    """The files that a source may refer to: FILE.py:NAME refers to FILE.py."""
    return [Path(source), Path(source.rpartition(":")[0])]


def of(asked: Check, text: str) -> Check:
    """The check of the file or module in `text`, and of the name in it, if given.

    Raises UsageError for malformed text, DataError for a missing file.
    """
    match = SOURCE.fullmatch(text)
    source, name = (match["source"], match["name"] or "") if match else (text, "")
    if source.endswith(".py"):
        if not Path(source).is_file():
            what = "is not a regular file" if Path(source).exists() else "no such file"
            raise DataError(f"{source}: {what}")
        return replace(asked, source=source, name=name)
    if not re.fullmatch(r"[A-Za-z_][\w.]*", source):
        raise UsageError(f"{text}: give FILE.py, FILE.py:NAME or MODULE:NAME")
    return replace(asked, source=source, name=name)


def attempt(
    asked: Check, source: str, limit: float, report_progress: Callable[[str, str], None]
) -> Verdict | UserError:
    """The verdict on one network, or its error, which does not affect the other networks."""
    try:
        job = of(asked, source)
        report_progress(source, "running")
        arrays = call(job, limit).arrays
        report_progress(source, "reading")
        return reach_verdict(unpack_trace(arrays), job.network)
    except MissingFramework:  # applies to all files
        raise
    except CheckFailed as error:  # the worker failed in the user's code, not a comparison
        return DataError(f"{source}: {error}")
    except UserError as error:
        is_named = str(error).startswith(source.partition(":")[0])
        return error if is_named else type(error)(f"{source}: {error}")
    except MemoryError:
        return DataError(f"{source}: out of memory; give a smaller --input")
    except Exception as error:
        return DataError(f"{source}: cannot be compared ({type(error).__name__}: {error})")


def is_equal(found: Verdict | UserError) -> bool:
    """Whether a check found the network to be equal."""
    return isinstance(found, Verdict) and found.status == "equal"
