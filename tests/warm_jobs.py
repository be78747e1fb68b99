"""Jobs that tests run in warm workers, to find what one leaves for the next."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from common import spec


def leave_traces(*_):
    """Prints the state that a job finds, and then changes all of it."""
    found = {
        "environment": sorted(os.environ.items()),
        "folder": os.getcwd(),
        "path": sys.path,
        "modules": len(sys.modules),
        "threads": threading.active_count(),
        "descriptors": sorted(
            os.listdir("/proc/self/fd") if Path("/proc/self/fd").exists() else []
        ),
        "attribute": getattr(spec, "left_by_a_job", None),
        "signal": str(signal.getsignal(signal.SIGTERM)),
        "umask": os.umask(0o77),
        "limit": sys.getrecursionlimit(),
    }
    print(json.dumps(found))
    os.environ["LEFT_BY_A_JOB"] = "1"
    os.chdir("/")
    sys.path.append("/left")
    sys.modules["left_by_a_job"] = sys
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    os.dup(0)
    spec.left_by_a_job = True
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setrecursionlimit(500)


def die(*_):
    """Ends the process as a crash would."""
    os.kill(os.getpid(), signal.SIGSEGV)
