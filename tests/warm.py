"""Workers for the tests that start with their framework imported: forks of one process for each.

Importing a framework takes two to seven seconds of a core, and the tests start hundreds of workers.
Each job still has a process of its own, a fork made before anything was computed, so nothing of one
job can reach another. A worker whose environment differs is started as usual.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from common.jobs import worker
from common.jobs.frameworks import ALL
from common.jobs.settings import environment

IGNORED = ("PYTEST_", "TMPDIR")  # differ between tests and do not matter to a framework
POPEN = subprocess.Popen
SERVER = Path(__file__).with_name("warm_server.py")


def relevant(env):
    """The variables that a process must have been started with."""
    return {key: value for key, value in env.items() if not key.startswith(IGNORED)}


class Forked:
    """A fork of a server that calls `module:function`, with what `Worker` uses of a `Popen`."""

    def __init__(self, address, function, arguments, env, log, kept=()):
        readable, writable = os.pipe()
        self.stdin = os.fdopen(writable, "wb", buffering=0)
        self.returncode = None
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(str(address))
        request = {"function": function, "arguments": arguments}
        request |= {"cwd": os.getcwd(), "environment": dict(env), "descriptors": [0, 1, 2, *kept]}
        payload = json.dumps(request).encode()
        head = len(payload).to_bytes(4, "big")
        sent = [readable, log.fileno(), log.fileno(), *kept]
        socket.send_fds(self.connection, [head], sent)
        self.connection.sendall(payload)
        os.close(readable)
        self.pid = self.receive()

    def receive(self):
        """The next number that the server sends: the process id, then the exit status."""
        return int.from_bytes(self.connection.recv(8, socket.MSG_WAITALL), "big", signed=True)

    def poll(self):
        """The exit status, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout=None):
        """Waits for the exit status."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("worker", timeout or 0)
            self.returncode = self.receive()
            self.connection.close()
        return self.returncode

    def send_signal(self, number):
        """Sends a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)


class Servers:
    """In the place of `subprocess` in `common.jobs.worker`: starts a server when first needed."""

    PIPE, TimeoutExpired = subprocess.PIPE, subprocess.TimeoutExpired

    def __init__(self, folder):
        self.folder, self.numbers = folder, count()
        self.environment = environment() | {"PYTHONPATH": worker.import_path()}
        command = [sys.executable, "-P", SERVER, str(folder)]
        pipe = subprocess.PIPE
        with POPEN(command, env=self.environment, stdin=pipe, bufsize=0) as process:
            self.pipe = os.dup(process.stdin.fileno())  # the servers end when it is closed

    def Popen(self, command, *, env, stdout, pass_fds, **options):  # noqa: N802
        """A fork that does the job in the box, or a new process where no server suits it."""
        box = command[-1]
        framework = json.loads((Path(box) / "job.json").read_text())["framework"]
        if relevant(env) != relevant(self.environment) or not installed(framework):
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
        """Calls `module:function`, of the tests, with texts, in a fork; gives it and its output."""
        log, words = self.folder / f"{next(self.numbers)}.log", [str(each) for each in arguments]
        with open(log, "wb") as file:
            return Forked(self.server(framework), function, words, self.environment, file), log

    def apply(self, framework, function, *arguments):
        """The same, and waits for its end; gives what it printed."""
        return finish(*self.start(framework, function, *arguments))

    def end(self):
        """Ends all servers."""
        os.close(self.pipe)


def finish(process, log):
    """Waits for a fork; what it printed, if it ended well."""
    status = process.wait()
    process.stdin.close()
    printed = log.read_text()
    assert status == 0, printed[-4000:]
    return printed


def installed(framework):
    """Whether the framework is there, found without importing it."""
    return framework in ALL and find_spec(ALL[framework].package) is not None
