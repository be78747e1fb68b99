"""The server processes from which the tests' workers are forked; see warm.py.

`warm_server.py FOLDER` starts servers; `warm_server.py FOLDER FRAMEWORK` is one framework's server.
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
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
from forked import Forked

MAX_DESCRIPTORS, FREE_DESCRIPTOR = 8, 500
# Imported by the first optimizer of a process, which takes longer than a short training run.
LATE_IMPORTS = {"pytorch": "torch._dynamo"}
SERVERS = []


def prepare(framework):
    """Imports the modules that every worker of the framework needs."""
    from common.jobs import worker  # noqa: F401
    from common.jobs.frameworks import import_runner
    from common.tools.bench import timing_work  # noqa: F401
    from common.tools.check import check_work  # noqa: F401
    from common.tools.train import scoring_work, train_work  # noqa: F401

    import_runner(framework)
    if framework in LATE_IMPORTS:
        import_module(LATE_IMPORTS[framework])


def listen(address):
    """A socket that accepts connections as soon as its address exists."""
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
    """Forks for one job; the child closes the server's `own` objects and never returns."""
    head, received, _, _ = socket.recv_fds(connection, 4, MAX_DESCRIPTORS)
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
    """Turns this fork into the worker that a new process would be."""
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
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [path for path in paths if path and path not in sys.path]
    module, _, name = request["function"].partition(":")
    status = 1
    try:
        status = getattr(import_module(module), name)(*request["arguments"]) or 0
    except BaseException:  # as Python itself ends a process
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def work(box):
    """Runs a worker from beginning to end."""
    from common.jobs import worker

    if "PYTEST_NARROW" in os.environ:
        import narrow

        narrow.narrow_every_network()
    worker.main(Path(box))


def start_servers(folder):
    """Starts a server for each framework that is requested, until standard input closes.

    This process leaves its parent, which ends whatever users' code starts below it.
    """
    if os.fork():
        os._exit(0)
    if not folder.exists():  # the tests have ended
        return
    listener = listen(folder / "starter.sock")
    with selectors.DefaultSelector() as selector:
        for each in (listener, sys.stdin):
            selector.register(each, selectors.EVENT_READ)
        while all(key.fileobj is not sys.stdin for key, _ in selector.select()):
            start_server(listener.accept()[0], folder)


def start_server(connection, folder):
    """Starts the requested framework's server; answers when it accepts connections.

    If `WARM_PARENTS` names a folder of servers that know nothing of the project, it is forked from
    one of them.
    """
    framework = connection.recv(100).decode()
    address, words = folder / f"{framework}.sock", [str(folder), framework]
    if parents := os.environ.get("WARM_PARENTS"):
        own = Path(parents) / f"{framework}.sock"
        parent = own if own.exists() else own.with_name("none.sock")  # the reference needs nothing
        process = Forked(parent, "warm_server:main", words, os.environ, sys.stderr)
        SERVERS.append(process)  # it ends with this process
    else:
        process = subprocess.Popen([sys.executable, "-P", __file__, *words])
    while not address.exists() and process.poll() is None:
        time.sleep(0.02)
    connection.sendall(b"ok" if address.exists() else b"no")
    connection.close()


def main(folder, *framework):
    """Starts servers, or runs as the server of a framework."""
    if not framework:
        start_servers(Path(folder))
    else:
        prepare(*framework)
        serve(Path(folder) / f"{framework[0]}.sock")


if __name__ == "__main__":
    main(*sys.argv[1:])
