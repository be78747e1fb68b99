"""A user's own `common`, with the wheel installed: its files, `check`, and importing ours."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import require
from imports import PACKAGES

from common.jobs.call import ROOT

# An editable installation finds its modules even inside the user's `common`.
NOT_EDITABLE = (
    "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'Editable' not in repr(f)]"
)
NET = """
from torch import nn
from common{inner} import WIDTH

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTH, 3)

    def forward(self, x):
        from common{inner} import SCALE
        return self.conv(x) * SCALE
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The project's wheel, built from a copy of the files that belong to it."""
    folder, copy = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("copy")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, copy], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder in which the wheel is installed, without this checkout."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed, folder, *arguments):
    """The output of Python, run in a folder with the installed wheel."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_wheel_has_the_packages_and_their_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    files = [name for name in names if ".dist-info/" not in name]
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert set(files) == wanted


@pytest.mark.parametrize(("inner", "file"), [("", "common.py"), (".sizes", "common/sizes.py")])
def test_a_file_imports_its_own_common(installed, tmp_path, inner, file):
    require("pytorch")
    (tmp_path / "common").mkdir()
    (tmp_path / file).write_text("WIDTH, SCALE = 8, 1.0")
    if inner:
        (tmp_path / "common" / "__init__.py").write_text("")
    else:
        (tmp_path / "common").rmdir()
    (tmp_path / "net.py").write_text(NET.format(inner=inner))
    checked = run(installed, tmp_path, "-P", "-m", "common.command.main", "check", "net.py")
    assert "layers with weights" in checked.stderr, checked.stderr  # the network ran to its end


def test_a_project_with_its_own_common_is_told_so(installed, tmp_path):
    require("pytorch")
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "__init__.py").write_text("")
    (tmp_path / "train.py").write_text(f"{NOT_EDITABLE}\nfrom pytorch_impl import googlenet")
    done = run(installed, tmp_path, "train.py")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert "a different package `common`" in last
    assert "rename it" in last
