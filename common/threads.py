"""How many threads a process is to compute with."""

import os
import re
from collections.abc import Mapping


def threads(environ: Mapping[str, str] = os.environ) -> int:
    """What OMP_NUM_THREADS says first, or as many as there are cores."""
    found = re.match(r"\d+", environ.get("OMP_NUM_THREADS", ""))
    return int(found[0]) if found else os.cpu_count() or 1
