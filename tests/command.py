"""The command as a script calls it, for the tests."""

import subprocess
import sys


def googlenet(*words, code=0):
    """Runs the command; returns its standard output, or its one line of error.

    A 1 can be an answer of the command's, which stands on standard output.
    """
    done = subprocess.run(
        [sys.executable, "-m", "common.command.main", *map(str, words)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    if code > 1 or (code and not done.stdout):
        assert done.stderr.startswith("googlenet: ")
        assert done.stderr.count("\n") == 1
    return (code == 1 and done.stdout) or (done.stderr if code else done.stdout)


def run(files, *more, code=0, out="y.npz", name="googlenet", framework="numpy", **paths):
    """`googlenet run` on those files, some of them replaced."""
    given = {"weights": files / "w.safetensors", "input": files / "x.npy"} | paths
    options = [word for key, path in given.items() for word in (f"--{key}", path)]
    return googlenet("run", name, "-f", framework, *options, "--out", files / out, *more, code=code)
