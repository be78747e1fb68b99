"""Entry point of `googlenet`: signals, errors and exit codes. Slow imports are deferred."""

import os
import signal
import sys
from io import TextIOWrapper
from typing import NoReturn

from common.command.printable import print_line
from common.errors import DataError, Interrupted, UserError, system_text

if os.name == "nt":
    sys.exit("googlenet: Windows is not supported; use the Windows Subsystem for Linux (WSL)")

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def prepare() -> None:
    """Installs the signal handlers, and makes both output streams available.

    Signals end the command cleanly; a closed pipe ends it at once.
    """

    def end(number: int, _: object) -> None:
        for ending in ENDINGS:  # further signals must not interrupt the cleanup
            signal.signal(ending, signal.SIG_IGN)
        raise Interrupted(number)

    for ending in ENDINGS:
        if signal.getsignal(ending) != signal.SIG_IGN:  # it is ignored under nohup
            signal.signal(ending, end)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # escape what the terminal cannot encode
            stream.reconfigure(errors="backslashreplace")


def main() -> NoReturn:
    """Runs the command; a user's mistake ends in one line on standard error and an exit code."""
    prepare()
    try:
        # Imported here, so that `prepare` handles Ctrl-C during the imports.
        from common.command import verbs  # noqa: F401
        from common.command.app import run_command

        sys.exit(run_command())
    except UserError as error:
        code, message = error.code, str(error)
    except MemoryError:
        code, message = DataError.code, "not enough memory for arrays of this size"
    except OSError as error:
        code, message = DataError.code, system_text(error)
    except Interrupted as error:
        code, message = 128 + error.number, "interrupted"
    print_line(f"googlenet: {' '.join(message.split())[:1000]}", sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
