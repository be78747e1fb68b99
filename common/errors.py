"""Errors that are reported to the user, each with its exit code.

Each message is one line that says what is wrong, where, and what to do about it.
"""

import errno


class Interrupted(BaseException):
    """Raised when the signal `number` asks the command to terminate."""

    def __init__(self, number: int) -> None:
        self.number = number


class UserError(ValueError):
    """An error that is shown to the user as one line, without a traceback."""

    code = 1


class CheckFailed(UserError):
    """A comparison failed, a training run diverged, or a worker crashed or timed out."""


class UsageError(UserError):
    """A wrong argument or option, an unknown name, or an input of a wrong shape."""

    code = 2


class MissingFramework(UserError):
    """A framework is not installed or cannot be imported."""

    code = 3


class DataError(UserError):
    """A file, an array or weights that cannot be used."""

    code = 4


def system_text(error: OSError | MemoryError) -> str:
    """A one-line description of a system error, with the file name if it has one."""
    if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:
        return "out of memory"
    where = f"{error.filename}: " if error.filename else ""
    return where + (error.strerror or str(error) or type(error).__name__)
