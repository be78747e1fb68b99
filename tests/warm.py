"""Workers for the tests that start with their framework imported: forks of one process for each.

Importing a framework takes two to seven seconds of a core, and the tests start hundreds of workers.
Each job still has a process of its own, a fork made before anything was computed, so nothing of one
job can reach another. A worker whose environment differs is started as usual.
"""

import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from common.jobs import worker
from common.jobs.frameworks import ALL, import_runner
from common.jobs.settings import environment

IGNORED = ("PYTEST_", "TMPDIR")  # differ between tests and do not matter to a framework
POPEN = subprocess.Popen
MOST_DESCRIPTORS, FREE_DESCRIPTOR = 8, 500


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
        command = [sys.executable, "-P", __file__, str(folder)]
        pipe = subprocess.PIPE
        with POPEN(command, env=self.environment, stdin=pipe, bufsize=0) as process:
            self.pipe = os.dup(process.stdin.fileno())  # the servers end when it is closed

    def Popen(self, command, *, env, stdout, pass_fds, **options):  # noqa: N802
        """A fork that does the job in the box, or a new process where no server suits it."""
        box = command[-1]
        framework = json.loads((Path(box) / "job.json").read_text())["framework"]
        if relevant(env) != relevant(self.environment) or not installed(framework):
            return POPEN(command, env=env, stdout=stdout, pass_fds=pass_fds, **options)
        return Forked(self.server(framework), "warm:work", [box], env, stdout, pass_fds)

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


def prepare(framework):
    """Imports what every worker of the framework imports."""
    from common.jobs import checking, scoring, timing, training  # noqa: F401

    import_runner(framework)


def listen(address):
    """A socket that takes connections from the moment that its address is there."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    os.rename(f"{address}.new", address)
    return listener


def serve(address):
    """Forks for every connection, until standard input closes."""
    listener, children = listen(address), {}
    wake, waker = socket.socketpair()
    for each in (wake, waker):
        each.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    for each in (listener, wake, sys.stdin):
        selector.register(each, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                return
            if key.fileobj is wake:
                wake.recv(64)
                report(children)
            else:
                connection, _ = listener.accept()
                begin(connection, children, [selector, listener, wake, waker])


def begin(connection, children, own):
    """Forks for one job; the child lets go of what is the server's `own`, and never returns."""
    head, received, _, _ = socket.recv_fds(connection, 4, MOST_DESCRIPTORS)
    payload = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
    pid = os.fork()
    if not pid:
        for each in (*own, connection, *children.values()):
            each.close()
        become(json.loads(payload), received)
    for each in received:
        os.close(each)
    children[pid] = connection
    connection.sendall(pid.to_bytes(8, "big", signed=True))


def report(children):
    """Sends the exit status of every child that has ended."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            with suppress(OSError), children.pop(pid) as connection:
                code = os.waitstatus_to_exitcode(status)
                connection.sendall(code.to_bytes(8, "big", signed=True))


def become(request, received):
    """Makes this fork the worker that a new process would be."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    away = [fcntl.fcntl(each, fcntl.F_DUPFD, FREE_DESCRIPTOR) for each in received]
    for each in received:
        os.close(each)
    for each, number in zip(away, request["descriptors"], strict=True):
        os.dup2(each, number)
        os.close(each)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    module, _, name = request["function"].partition(":")
    status = 1
    try:
        getattr(import_module(module), name)(*request["arguments"])
        status = 0
    except BaseException:  # as Python itself ends a process
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def work(box):
    """A worker's whole life."""
    worker.main(Path(box))


def start_servers(folder):
    """Starts a server for each framework that is asked for, until standard input closes.

    This process leaves its parent, which ends whatever users' code starts below it.
    """
    if os.fork():
        os._exit(0)
    listener = listen(folder / "starter.sock")
    with selectors.DefaultSelector() as selector:
        for each in (listener, sys.stdin):
            selector.register(each, selectors.EVENT_READ)
        while all(key.fileobj is not sys.stdin for key, _ in selector.select()):
            start_server(listener.accept()[0], folder)


def start_server(connection, folder):
    """Answers when the server of the framework that is asked for can be connected to."""
    framework = connection.recv(100).decode()
    address = folder / f"{framework}.sock"
    process = POPEN([sys.executable, "-P", __file__, str(folder), framework])
    while not address.exists() and process.poll() is None:
        time.sleep(0.02)
    connection.sendall(b"ok" if address.exists() else b"no")
    connection.close()


def main(folder, *framework):
    """Starts servers, or is the server of a framework."""
    if not framework:
        start_servers(Path(folder))
    else:
        sys.path.append(str(Path(__file__).parent))
        prepare(*framework)
        serve(Path(folder) / f"{framework[0]}.sock")


if __name__ == "__main__":
    main(*sys.argv[1:])
