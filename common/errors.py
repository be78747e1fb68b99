"""Errors that the user can mend, each with its exit code.

Each message is one line: what and where it is, and what to do.
"""

import errno


class Interrupted(BaseException):
    """A signal asked the command to end."""

    def __init__(self, number: int) -> None:
        self.number = number


class UserError(ValueError):
    """A mistake the user can mend; shown without a traceback."""

    code = 1


class CheckFailed(UserError):
    """A comparison did not hold."""


class UsageError(UserError):
    """An unknown name or an impossible option."""

    code = 2


class MissingFramework(UserError):
    """A framework is not installed, or does not import."""

    code = 3


class DataError(UserError):
    """A file, an array or weights that cannot be used."""

    code = 4


def system_text(error: OSError | MemoryError) -> str:
    """What the system refused, in one line, with the file where it names one."""
    if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:
        return "out of memory"
    where = f"{error.filename}: " if error.filename else ""
    return where + (error.strerror or str(error) or type(error).__name__)
