"""The environment variables of a worker: fixed settings, and those that make it faster.

The settings that make it faster apply only if the user has not set the variable; the fixed settings
override the user's variables, except for the number of threads.
"""

import os
from dataclasses import dataclass
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An environment variable of a worker, and why it makes the worker faster."""

    variable: str
    value: str
    why: str
    amd: bool = False  # only on AMD processors


FASTER = (
    Setting(
        variable="MALLOC_MMAP_THRESHOLD_",
        value="1073741824",
        why="the memory of large arrays is reused, not returned to the system",
    ),
    Setting(
        variable="MALLOC_TRIM_THRESHOLD_", value="2147483647", why="the same at the heap's end"
    ),
    Setting(variable="MALLOC_TOP_PAD_", value="67108864", why="the heap grows in large steps"),
    Setting(
        variable="MKL_DEBUG_CPU_TYPE",
        value="5",
        why="otherwise Paddle's MKL uses slow code on AMD: training takes twice as long",
        amd=True,
    ),
    Setting(
        variable="GOMP_SPINCOUNT",
        value="1000",
        why="PyTorch's threads stop spinning soon while they wait, and leave the core to others",
    ),
    Setting(variable="KMP_BLOCKTIME", value="1", why="the same for Paddle's threads"),
)


def faster() -> dict[str, str]:
    """The performance settings that apply to this machine."""
    amd = "AuthenticAMD" in cpu_info()
    return {setting.variable: setting.value for setting in FASTER if amd or not setting.amd}


def cpu_info() -> str:
    """Linux's description of the processor, in lines of `key : value`; empty on other systems."""
    return CPU_INFO.read_text(errors="replace") if CPU_INFO.is_file() else ""


def environment(device: str = "cpu", plain: bool = False) -> dict[str, str]:
    """The complete environment of a worker, before the variables that `Worker` adds.

    GPUs are hidden from it if `device` is `cpu`. `plain` leaves out the performance settings.
    """
    threads = os.environ.get("OMP_NUM_THREADS", str(os.cpu_count()))
    ours = {
        "OMP_NUM_THREADS": threads,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": "1",  # makes training reproducible bit for bit
        "PYTHONWARNINGS": "ignore",
    }
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
    return ({} if plain else faster()) | os.environ | ours | hidden
