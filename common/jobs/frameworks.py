"""The list of all frameworks, and the import of their runner modules."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from common.errors import MissingFramework
from common.jobs.contract import Runner


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A framework: the package to import, the distributions that contain it, and our folder for it.

    The folder implements the contract; `runner` is the module in it that implements `Runner`. A
    framework that does not train is only used as the reference (`numpy`), or if the user names it.
    `unused` are packages that the framework imports if installed, and that no worker needs.
    """

    package: str
    folder: str
    distributions: tuple[str, ...] = ()
    runner: str = "run"
    trains: bool = True
    unused: tuple[str, ...] = ()


ALL = {
    "numpy": Framework(package="numpy", folder="common.reference", runner="network", trains=False),
    "pytorch": Framework(package="torch", folder="pytorch_impl", distributions=("torch",)),
    "tensorflow": Framework(
        package="tensorflow",
        folder="tensorflow_impl",
        distributions=("tensorflow", "tensorflow-cpu", "keras"),
        unused=("matplotlib", "scipy", "sklearn"),  # two fifths of Keras' import time
    ),
    "paddle": Framework(package="paddle", folder="paddle_impl", distributions=("paddlepaddle",)),
    "onnx": Framework(
        package="onnxruntime",
        folder="common.tools.onnx",
        distributions=("onnx", "onnxruntime"),
        runner="run_onnx",
        trains=False,
    ),
}
FRAMEWORKS = tuple(name for name, framework in ALL.items() if framework.trains)
COMPARED = tuple(name for name in ALL if name != "numpy")  # those compared with the reference


def import_runner(name: str) -> Runner:
    """A framework's runner module; raises MissingFramework if the framework cannot be imported."""
    framework = ALL[name]
    try:
        with hidden(framework.unused):
            import_module(framework.package)
            return cast(Runner, import_module(f"{framework.folder}.{framework.runner}"))
    except ImportError as error:
        raise MissingFramework(
            f"{name} is not installed ({error}); pip install '.[{name}]'"
        ) from None


@contextmanager
def hidden(packages: Iterable[str]) -> Iterator[None]:
    """Prevents these packages from being imported, unless they already have been."""
    names = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None: not importable
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
