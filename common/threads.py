"""The number of threads that a process uses."""

import os
import re
from collections.abc import Mapping


def threads(environ: Mapping[str, str] = os.environ) -> int:
    """The number at the start of OMP_NUM_THREADS, or the number of CPU cores if there is none."""
    found = re.match(r"\d+", environ.get("OMP_NUM_THREADS", ""))
    return int(found[0]) if found else os.cpu_count() or 1
