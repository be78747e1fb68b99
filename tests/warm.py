"""Workers for the tests, forked from one process per framework that has imported the framework.

Importing a framework takes two to seven seconds on a core, and the tests start hundreds of workers.
Each job still has a process of its own, forked before anything was computed, so jobs cannot affect
one another. A worker whose environment differs is started as usual.
"""

import json
import os
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import narrow
from forked import Forked, finish

from common.jobs.call import import_path
from common.jobs.environment import environment
from common.jobs.frameworks import ALL

# These differ between workers and do not affect the import of a framework.
IGNORED = (
    "PYTEST_",
    "TMPDIR",
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "MASTER_",
    "PADDLE_",
    "TF_CONFIG",
    "KMP_",  # set by the import of scikit-learn
)
GPU = Path("/dev/nvidia0")
if not GPU.exists():  # then it does not matter whether a worker may see one
    IGNORED += ("CUDA_VISIBLE_DEVICES",)
POPEN = subprocess.Popen
SERVER = Path(__file__).with_name("warm_server.py")


def relevant(env):
    """The variables with which a process must have been started."""
    return {key: value for key, value in env.items() if not key.startswith(IGNORED)}


class Servers:
    """Replaces `subprocess` in `common.jobs.call`; starts each server when it is first needed."""

    PIPE, TimeoutExpired = subprocess.PIPE, subprocess.TimeoutExpired

    def __init__(self, folder):
        self.folder, self.numbers = folder, count()
        self.environment = environment() | {"PYTHONPATH": import_path()}
        command = [sys.executable, "-P", SERVER, str(folder)]
        pipe = subprocess.PIPE
        with POPEN(command, env=self.environment, stdin=pipe, bufsize=0) as process:
            self.pipe = os.dup(process.stdin.fileno())  # the servers end when it is closed

    def Popen(self, command, *, env, stdout, pass_fds, **options):  # noqa: N802
        """A fork that does the job in the box, or a new process if no server suits it."""
        box = command[-1]
        framework = json.loads((Path(box) / "job.json").read_text())["framework"]
        if relevant(env) != relevant(self.environment) or not installed(framework):
            if narrow.VARIABLE in env:
                command = [sys.executable, "-P", narrow.__file__, box]
            return POPEN(command, env=env, stdout=stdout, pass_fds=pass_fds, **options)
        return Forked(self.server(framework), "warm_server:work", [box], env, stdout, pass_fds)

    def server(self, framework):
        """The address of a framework's server, which is started when it is first needed."""
        address = self.folder / f"{framework}.sock"
        if not address.exists():
            while not (self.folder / "starter.sock").exists():
                time.sleep(0.02)
            with socket.socket(socket.AF_UNIX) as starter:
                starter.connect(str(self.folder / "starter.sock"))
                starter.sendall(framework.encode())
                assert starter.recv(2) == b"ok", f"no warm workers for {framework}"
        return address

    def start(self, framework, function, *arguments):
        """Calls a test `module:function` with strings in a fork; returns the fork and its log."""
        log, words = self.folder / f"{next(self.numbers)}.log", [str(each) for each in arguments]
        with open(log, "wb") as file:
            return Forked(self.server(framework), function, words, self.environment, file), log

    def apply(self, framework, function, *arguments):
        """Does the same, waits for the fork to end, and returns what it printed."""
        return finish(*self.start(framework, function, *arguments))

    def end(self):
        """Ends all servers."""
        os.close(self.pipe)


def installed(framework):
    """Whether the framework is installed, checked without importing it."""
    return framework in ALL and find_spec(ALL[framework].package) is not None
