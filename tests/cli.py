"""Calls the command as a script would, but in the tests' own process, which is faster.

Signals and closed pipes need a separate process; test_cli.py and test_worker.py test them.
"""

import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest

from common.command.main import ENDINGS, main


def call(*words):
    """Runs the command; returns its exit code, standard output and standard error."""
    out, error = StringIO(), StringIO()
    before = {number: signal.getsignal(number) for number in (*ENDINGS, signal.SIGPIPE)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["googlenet", *map(str, words)])
        with redirect_stdout(out), redirect_stderr(error), pytest.raises(SystemExit) as ended:
            main()
    for number, handler in before.items():
        signal.signal(number, handler)
    return ended.value.code or 0, out.getvalue(), error.getvalue()


def googlenet(*words, code=0):
    """Runs the command; returns its standard output, or its one-line error message.

    Exit code 1 can be a result of the command, which is then printed to standard output.
    """
    found, out, error = call(*words)
    assert found == code, error
    lines = error.splitlines(keepends=True)
    error = "".join(line for line in lines if not line.startswith("epoch "))  # progress
    if code > 1 or (code and not out):
        assert error.startswith("googlenet: ")
        assert error.count("\n") == 1
    return (code == 1 and out) or (error if code else out)


def run(files, *more, code=0, out="y.npz", name="googlenet", framework="numpy", **paths):
    """Runs `googlenet run` on those files, some of them replaced by `paths`."""
    given = {"weights": files / "w.safetensors", "input": files / "x.npy"} | paths
    options = [word for key, path in given.items() for word in (f"--{key}", path)]
    return googlenet("run", name, "-f", framework, *options, "--out", files / out, *more, code=code)
