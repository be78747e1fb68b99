"""The verb `check`: a user's own implementation, read and compared with the tables."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from common.check.trace import unpack_trace
from common.check.verdict import Verdict, judge
from common.command.app import app
from common.command.check_report import print_many, print_verdict, verdict_json
from common.command.documents import json_text, print_json
from common.command.options import AsJson, Aux, check_known, one_of, read_size
from common.command.outputs import check_outputs
from common.command.progress import progress
from common.errors import CheckFailed, DataError, MissingFramework, UsageError, UserError
from common.files.atomic import atomic_file
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import Check
from common.jobs.worker import call
from common.networks import network

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
    given = read_size(size) or ()
    asked = Check(framework, "", "", made_by, name, given, aux, grad)
    with progress() as say:
        found = [(source, attempt(asked, source, limit, say)) for source in sources]
    first = found[0][1]
    if len(found) == 1 and isinstance(first, UserError):
        raise first
    documents = [verdict_json(source, each) for source, each in found]
    show(found, documents[0] if len(found) == 1 else documents, report, as_json)
    return 0 if all(is_equal(each) for _, each in found) else 1


def check_options(framework: str, name: str | None, aux: bool, limit: float) -> None:
    """Raises UsageError for an option that no file can be checked with."""
    check_known("framework", framework, FRAMEWORKS)
    if name:
        network(name, aux=aux)
    if not limit > 0:  # as NaN is not
        raise UsageError(f"--limit {limit}: give a number of seconds above 0")


def show(found: Found, document: object, report: Path | None, as_json: bool) -> None:
    """Writes the report, if one is wanted, and prints one network in full, several in lines."""
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
    """The files that a text may name: FILE.py:NAME is FILE.py."""
    return [Path(source), Path(source.rpartition(":")[0])]


def of(asked: Check, text: str) -> Check:
    """The check of the file or module that a text names, and of what in it.

    Raises UsageError, DataError.
    """
    match = SOURCE.fullmatch(text)
    source, name = (match["source"], match["name"] or "") if match else (text, "")
    if source.endswith(".py"):
        if not Path(source).is_file():
            what = "is no ordinary file" if Path(source).exists() else "no such file"
            raise DataError(f"{source}: {what}")
        return replace(asked, source=source, name=name)
    if not re.fullmatch(r"[A-Za-z_][\w.]*", source):
        raise UsageError(f"{text}: give FILE.py, FILE.py:NAME or MODULE:NAME")
    return replace(asked, source=source, name=name)


def attempt(
    asked: Check, source: str, limit: float, say: Callable[[str, str], None]
) -> Verdict | UserError:
    """The verdict on one network, or what stood in the way, which is of no matter to the others."""
    try:
        job = of(asked, source)
        say(source, "running")
        arrays = call(job, limit).arrays
        say(source, "reading")
        return judge(unpack_trace(arrays), job.network)
    except MissingFramework:  # for all files
        raise
    except CheckFailed as error:  # how the worker ended: the user's code, not a comparison
        return DataError(f"{source}: {error}")
    except UserError as error:
        is_named = str(error).startswith(source.partition(":")[0])
        return error if is_named else type(error)(f"{source}: {error}")
    except MemoryError:
        return DataError(f"{source}: out of memory; give a smaller --input")
    except Exception as error:
        return DataError(f"{source}: cannot be compared ({type(error).__name__}: {error})")


def is_equal(found: Verdict | UserError) -> bool:
    """Whether a check came out well."""
    return isinstance(found, Verdict) and found.word == "equal"
