"""Reads files in separate processes, each of which reads many, with limits on time and memory."""

import multiprocessing
import os
import re
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common.data.batches import read_batch
from common.data.idx import read_idx
from common.data.sources import open_data
from common.errors import UserError
from common.tools.zoo.convert import read_match
from common.tools.zoo.identify import identify
from common.tools.zoo.match import ReadOptions

SECONDS, BYTES = 10, 1_500_000_000
PATIENCE = 60  # seconds of wall-clock time, on a machine that has other work to do
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Events that no file may cause, by their names in Python's audit hooks.
FORBIDDEN = re.compile(
    r"os\.(system|exec|posix_spawn|spawn|fork|remove|rename|mkdir|rmdir|chmod|link|symlink)"
    r"|subprocess\.Popen|pickle\.find_class|socket\.|ctypes\.dlopen|shutil\.|webbrowser\.|pty\."
)


def read(path):
    """Reads a file as the command that takes it would."""
    kind = re.search(r"(cifar|mnist|list)\.(tar(\.gz)?|npz|txt)$", path.name)
    if kind:
        open_data(f"{kind[1]}:{path}")
        return
    if path.name.endswith(".npz"):  # a batch, or weights by name
        with suppress(UserError):
            read_batch(path)
    if path.name.endswith("a.npy"):
        read_batch(path)
    elif ".idx" in path.name:
        read_idx(path, 3)
    else:
        with suppress(UserError):  # both report what is unsound
            identify(path, ReadOptions())
        read_match(path, "googlenet.d2l", ReadOptions())


@dataclass
class Answer:
    """The result for a file: a line, or what went wrong, with its seconds and megabytes."""

    name: str
    line: str = ""
    fault: str = ""
    seconds: float = 0
    megabytes: int = 0


def answer(reader, path, seconds, events):
    """Reads a file in this process and returns the result."""
    events.clear()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak memory
    before, began = memory("VmRSS"), time.process_time()
    found = Answer(path.name)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # ends this process, whatever it is doing
    try:
        reader(path)
        found.line = "read"
    except UserError as error:
        found.line = str(error).replace(str(path), "FILE")
        if not found.line.startswith("FILE: "):
            found.fault = f"a line that does not name the file: {found.line[:200]}"
    except MemoryError:
        found.fault = "out of memory"
    except BaseException as error:
        found.fault = f"{type(error).__name__}: {str(error)[:200]}"
    signal.setitimer(signal.ITIMER_PROF, 0)
    found.seconds = time.process_time() - began
    found.megabytes = max(0, memory("VmHWM") - before) // 1024
    found.fault = found.fault or (f"it did {events[0]}" if events else "")
    return found


def memory(name):
    """One figure of this process's memory use, in kilobytes."""
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def serve(connection, reader, seconds):
    """Runs a child process: reads files as their paths arrive, under limits."""
    events = []

    def watch(event, arguments):
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if FORBIDDEN.match(event) or (writes and not str(arguments[0]).startswith("/proc/self/")):
            events.append(f"{event} {arguments!r:.200}")

    limit = memory("VmSize") * 1024 + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(watch)
    while path := connection.recv():
        connection.send(answer(reader, path, seconds, events))


class Child:
    """A process that reads one file after another; if a file ends it, it must be replaced."""

    def __init__(self, reader=read, seconds=SECONDS):
        self.connection, other = multiprocessing.Pipe()
        context, own = multiprocessing.get_context("spawn"), (other, reader, seconds)
        self.process, self.seconds = context.Process(target=serve, args=own), seconds
        self.process.start()
        other.close()
        self.path, self.since = None, 0.0

    def give(self, path):
        """Sends a file to read."""
        self.path, self.since = path, time.monotonic()
        self.connection.send(path)

    def take(self):
        """The result for the file, or None while there is none."""
        if self.connection.poll(0.002):
            try:
                return self.connection.recv()
            except EOFError:
                self.process.join()
                status, late = self.process.exitcode, f"more than {self.seconds} s"
                fault = late if -status == signal.SIGPROF else f"ended it: {status}"
                return Answer(self.path.name, fault=fault, seconds=self.seconds)
        if time.monotonic() - self.since > PATIENCE:
            self.process.kill()
        return None

    def end(self):
        """Ends the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()
