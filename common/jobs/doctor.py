"""What is installed here, whether each framework starts, and what is known to crash."""

import os
import platform
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from common.errors import UserError
from common.jobs.frameworks import ALL
from common.jobs.job import Start
from common.jobs.settings import CPU_INFO, environment, faster
from common.jobs.worker import call
from common.threads import threads

OWN_NEEDS = ("numpy", "safetensors", "h5py", "pillow", "scikit-learn", "rich", "typer")
CRASHES = (
    "Importing TensorFlow before Paddle in one process kills it (signal 11): "
    "this project never holds two frameworks in one process."
)


def examine(say: Callable[[str, str], None]) -> dict:
    """Starts each framework once, alone; `say` is told which. Nothing is raised for a sick one."""
    frameworks = {}
    for framework in ALL:
        say(framework, "starting")
        frameworks[framework] = try_out(framework)
    return describe_machine() | {"frameworks": frameworks, "would_crash": CRASHES}


def describe_machine() -> dict:
    """What computes here, with which packages and settings."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads(environment()),
        "settings": {variable: environment()[variable] for variable in faster()},
        "packages": {name: installed_version(name) for name in packages()},
    }


def processor() -> str:
    """The processor's name, as Linux has it or as Python does."""
    text = CPU_INFO.read_text(errors="replace") if CPU_INFO.is_file() else ""
    found = re.search(r"model name\s*: (.*)", text)
    return found[1] if found else platform.processor()


def packages() -> tuple[str, ...]:
    """What the project and the frameworks are installed as."""
    return OWN_NEEDS + tuple(name for each in ALL.values() for name in each.distributions)


def try_out(framework: str) -> dict:
    """One framework, imported by a worker."""
    try:
        report = call(Start(framework))
    except UserError as error:
        return {"starts": False, "error": str(error)}
    return {
        "starts": True,
        "version": report.version,
        "import_seconds": round(report.import_seconds, 2),
        "megabytes": report.megabytes,
    }


def installed_version(package: str) -> str | None:
    """The installed version, None where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
