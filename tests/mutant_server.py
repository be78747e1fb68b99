"""The servers from which mutants' tests are forked, with pytest and a framework imported.

`mutant_server.py FOLDER FRAMEWORK`; the framework `none` imports only what all tests need.
"""

import os
import sys
import warnings
from importlib import import_module
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
from warm_server import LATE_IMPORTS, serve

# What the project and its tests import, except for the project's own modules.
IMPORTED = ["pytest", "_pytest.assertion.rewrite", "numpy.random", "h5py", "jinja2", "PIL.Image",
            "pydantic", "rich.table", "safetensors.numpy", "tomli_w", "typer"]  # fmt: skip
PACKAGES = {"pytorch": ["torch"], "tensorflow": ["tensorflow", "keras"], "paddle": ["paddle"]}


def prepare(framework):
    """Imports the modules that a framework's tests need."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    os.environ |= {"TF_NUM_INTEROP_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}
    late = [LATE_IMPORTS[framework]] if framework in LATE_IMPORTS else []
    for module in [*PACKAGES.get(framework, []), *late, *IMPORTED]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import_module(module)


def test(*arguments):
    """Runs tests; returns pytest's exit status."""
    import pytest

    return int(pytest.main(list(arguments)))


if __name__ == "__main__":
    prepare(sys.argv[2])
    serve(Path(sys.argv[1]) / f"{sys.argv[2]}.sock")
