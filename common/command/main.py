"""Around the command `googlenet`: signals, errors and exit codes. What is slow to import waits."""

import os
import signal
import sys
from io import TextIOWrapper
from typing import NoReturn

from common.command.printable import print_line
from common.errors import DataError, Interrupted, UserError, system_text

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def prepare() -> None:
    """Has signals end the command in order, a closed pipe at once, and both outputs there."""

    def end(number: int, _: object) -> None:
        for ending in ENDINGS:  # once is enough: what is begun must be tidied up
            signal.signal(ending, signal.SIG_IGN)
        raise Interrupted(number)

    for ending in ENDINGS:
        if signal.getsignal(ending) != signal.SIG_IGN:  # as under nohup
            signal.signal(ending, end)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal's encoding lacks is escaped
            stream.reconfigure(errors="backslashreplace")


def main() -> NoReturn:
    """Runs the command; a user's mistake is one line on standard error and an exit code."""
    prepare()
    try:
        # Imported here, so that Ctrl-C meets `prepare` first.
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
