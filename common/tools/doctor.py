"""Reports what is installed, whether each framework starts, and known crashes."""

import os
import platform
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from common.errors import UserError
from common.jobs.call import call
from common.jobs.environment import FASTER, cpu_info, environment, faster
from common.jobs.frameworks import ALL
from common.jobs.network_jobs import Start
from common.threads import threads

OWN_NEEDS = ("numpy", "safetensors", "h5py", "pillow", "scikit-learn", "rich", "typer")
CRASHES = (
    "Importing TensorFlow before Paddle in one process crashes it (signal 11): "
    "this project never imports two frameworks in one process."
)


def examine(report_progress: Callable[[str, str], None]) -> dict:
    """Starts each framework once, by itself, and returns a report on it and on this machine.

    `report_progress` is called with each framework's name. A framework that fails to start is
    reported; no error is raised for it.
    """
    frameworks = {}
    for framework in ALL:
        report_progress(framework, "starting")
        frameworks[framework] = try_out(framework)
    return describe_machine() | {"frameworks": frameworks, "would_crash": CRASHES}


def describe_machine() -> dict:
    """This machine's Python, hardware, settings and installed packages."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads(environment()),
        "settings": {variable: environment()[variable] for variable in faster()},
        "left_out": left_out(),
        "packages": {name: installed_version(name) for name in packages()},
    }


def processor() -> str:
    """The processor's name, from Linux's CPU information if there is any, else from Python."""
    match = re.search(r"model name\s*: (.*)", cpu_info())
    return match[1] if match else platform.processor()


def left_out() -> list[str]:
    """Optimisations that do not apply to this machine, each with the reason."""
    settings = [setting.variable for setting in FASTER if setting.variable not in faster()]
    lines = [f"{variable}: set only for AMD processors, and only on Linux" for variable in settings]
    flags = cpu_info().split()
    if flags and not {"avx512_bf16", "amx_bf16"} & set(flags):
        lines.append("--precision bfloat16: not faster on a processor without AVX-512 BF16 or AMX")
    return lines


def packages() -> tuple[str, ...]:
    """The names of the packages that the project and the frameworks are installed from."""
    return OWN_NEEDS + tuple(name for each in ALL.values() for name in each.distributions)


def try_out(framework: str) -> dict:
    """The result of importing one framework in a worker."""
    try:
        report = call(Start(framework=framework))
    except UserError as error:
        return {"starts": False, "error": str(error)}
    return {
        "starts": True,
        "version": report.version,
        "import_seconds": round(report.import_seconds, 2),
        "megabytes": report.megabytes,
    }


def installed_version(package: str) -> str | None:
    """The installed version of a package, or None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
