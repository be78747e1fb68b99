"""Checks the networks of one file, each of which may fail on its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from common.errors import CheckFailed, DataError, MissingFramework, UserError
from common.jobs.call import call
from common.tools.check.check_jobs import Check
from common.tools.check.trace import several, unpack_trace
from common.tools.check.verdict import Verdict, reach_verdict

Outcomes = Sequence[tuple[str, Verdict | UserError]]
Watch = Callable[[str, str], None]


def check_file(job: Check, source: str, limit: float, report_progress: Watch) -> Outcomes:
    """The verdict on a file's network, or on each of its networks if it has several.

    `source` is how the user calls the file.
    """
    found = attempt_check(job, source, limit, report_progress)
    if not isinstance(found, tuple):
        return [(source, found)]
    names = [(f"{source}:{name}", replace(job, name=name)) for name in found]
    outcomes = [(name, attempt_check(own, name, limit, report_progress)) for name, own in names]
    return [(name, each) for name, each in outcomes if not isinstance(each, tuple)]


def attempt_check(
    job: Check, source: str, limit: float, report_progress: Watch
) -> Verdict | UserError | tuple[str, ...]:
    """The verdict on one network, or its error; for a file with several networks, their names."""
    try:
        report_progress(source, "running")
        arrays = call(job, limit).arrays
        if names := several(arrays):
            return names
        report_progress(source, "reading")
        return reach_verdict(unpack_trace(arrays), job.network, job.heads)
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
