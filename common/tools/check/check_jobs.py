"""The job that runs a user's own network."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.jobs.job import Job


@dataclass(frozen=True, kw_only=True)
class Check(Job):
    """Runs a user's network on noise; the report's arrays are the trace.

    `source` is a Python file or a module name; `name` or `call`, an expression, selects the network
    in it where that is ambiguous. The input has the size `input`, C x H x W; by default the size
    that the network declares, or else the first that works: that of `network`, then those of all
    published networks. With `heads`, the auxiliary heads are compared as well; with `grad`, the
    network also takes one training step.
    """

    runs_user_code = True
    source: str
    name: str = ""
    call: str = ""
    network: str | None = None
    input: Sequence[int] = ()
    heads: bool = False
    grad: bool = False


@dataclass(frozen=True, kw_only=True)
class Submission(Job):
    """Checks one file of several, in a process of its own that also compares it.

    The report has the documents of the file's networks. `label` is how the user calls the file;
    `limit` is in seconds.
    """

    label: str
    source: str
    name: str = ""
    call: str = ""
    network: str | None = None
    input: Sequence[int] = ()
    heads: bool = False
    grad: bool = False
    limit: float = 300
