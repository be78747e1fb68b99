"""A process forked from a server that has imported a framework; see warm_server.py."""

import json
import os
import selectors
import signal
import socket
import subprocess
from contextlib import suppress


class Forked:
    """A fork of a server, running `module:function`, with the `Popen` API that `Worker` uses."""

    def __init__(self, address, function, arguments, env, log, kept=(), cwd=None):
        readable, writable = os.pipe()
        self.stdin = os.fdopen(writable, "wb", buffering=0)
        self.returncode = None
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(str(address))
        request = {"function": function, "arguments": arguments}
        request |= {
            "cwd": str(cwd or os.getcwd()),
            "environment": dict(env),
            "descriptors": [0, 1, 2, *kept],
        }
        payload = json.dumps(request).encode()
        head = len(payload).to_bytes(4, "big")
        sent = [readable, log.fileno(), log.fileno(), *kept]
        socket.send_fds(self.connection, [head], sent)
        self.connection.sendall(payload)
        os.close(readable)
        self.pid = self.receive()

    def receive(self):
        """The next number sent by the server: first the process id, then the exit status."""
        return int.from_bytes(self.connection.recv(8, socket.MSG_WAITALL), "big", signed=True)

    def poll(self):
        """The exit status, or None while the process runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout=None):
        """Waits for the exit status and returns it."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("worker", timeout or 0)
            self.returncode = self.receive()
            self.connection.close()
        return self.returncode

    def send_signal(self, number):
        """Sends a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        """Kills the process."""
        self.send_signal(signal.SIGKILL)


def finish(process, log):
    """Waits for a fork to end successfully; returns what it printed."""
    status = process.wait()
    process.stdin.close()
    printed = log.read_text()
    assert status == 0, printed[-4000:]
    return printed
