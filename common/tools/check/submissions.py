"""Checks many files, several at a time, and only those that have changed since the last report."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from common.errors import DataError, MissingFramework, UserError
from common.jobs.call import call
from common.threads import threads
from common.tools.check.check_jobs import Check, Submission
from common.tools.check.grading import digest

SUFFIXES = (".py", ".ipynb")
HIDDEN = ("__pycache__", "node_modules", "site-packages")
Documents = list[dict]


def files_in(folder: Path) -> list[Path]:
    """The Python files and notebooks in a folder, at any depth; raises DataError without any."""
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and not is_hidden(path.relative_to(folder))
    ]
    if not found:
        raise DataError(f"{folder}: no .py or .ipynb file in this folder")
    return found


def is_hidden(path: Path) -> bool:
    """Whether a path is hidden, or in a folder of installed or cached files."""
    return any(part.startswith(".") or part in HIDDEN for part in path.parts) or (
        path.name == "__init__.py"
    )


@dataclass(frozen=True)
class Batch:
    """The files to check, `workers` at a time: sources with jobs, and the seconds for each."""

    jobs: Sequence[tuple[str, Check | UserError]]
    limit: float
    workers: int

    def digest(self, job: Check | UserError) -> str:
        """The hash of a job's file and options; "" for a module."""
        if not isinstance(job, Check) or not Path(job.source).is_file():
            return ""
        return digest(Path(job.source), asdict(job))

    def share(self) -> dict[str, str]:
        """The variable that divides the cores between the workers; more threads would compete."""
        return {"OMP_NUM_THREADS": str(max(1, threads() // self.workers))}

    def check(self, source: str, job: Check | UserError) -> Documents:
        """The documents of a source's networks, or the one of its failure."""
        if isinstance(job, UserError):
            return [failed(source, str(job))]
        before = self.digest(job)
        own = {**asdict(job), "label": source, "limit": self.limit}
        try:
            arrays = call(Submission(**own), 3 * self.limit, environments=[self.share()]).arrays
        except MissingFramework:  # applies to all files
            raise
        except UserError as error:
            return [failed(source, f"{source}: {error}")]
        if before != self.digest(job):
            return [failed(source, f"{source}: the file changed while it was checked; run again")]
        return [each | {"digest": before} for each in json.loads(str(arrays["documents"]))]


def failed(source: str, error: str) -> dict:
    """The document of a file that could not be checked."""
    return {"source": source, "verdict": "failed", "error": error}


def check_all(batch: Batch, known: Sequence[Mapping], done: Callable[[Mapping], None]) -> Documents:
    """The documents of all files, in their order; those of unchanged files are the `known` ones.

    `done` is called with each document as soon as it is there.
    """
    kept: dict[str, list[Mapping]] = {}
    for each in known:
        if each.get("digest"):
            kept.setdefault(each["digest"], []).append(each)

    def one(each: tuple[str, Check | UserError]) -> Documents:
        source, job = each
        mark = batch.digest(job)
        found = [dict(known) for known in kept.get(mark, ()) if is_of(known, source)]
        found = found or batch.check(source, job)
        for document in found:
            done(document)
        return found

    with ThreadPoolExecutor(batch.workers) as pool:
        return [each for found in pool.map(one, batch.jobs) for each in found]


def is_of(document: Mapping, source: str) -> bool:
    """Whether a document is about a source, or about one of its networks."""
    return f"{document['source']}:".startswith(f"{source}:")


def known_documents(report: Path | None) -> Iterator[Mapping]:
    """Yields the documents of an earlier report; none if there is none that can be read."""
    try:
        found = json.loads(report.read_text(encoding="utf-8")) if report else []
    except (OSError, ValueError):
        return
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict) and "source" in each and "verdict" in each:
            yield each
