"""Networks that people write otherwise than we do: recognised all the same."""

import pytest
from test_check import check

from common.jobs.frameworks import FRAMEWORKS

WRITTEN = {  # in other styles: what makes it, what it is
    "nothing but functions": ("GoogLeNet()", "googlenet"),
    "functions with batch norm": ("GoogLeNet(norm=True)", "googlenet.torchvision"),
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("style", WRITTEN)
def test_network_of_functions_is_recognised(framework, style):
    made_by, name = WRITTEN[style]
    file = f"tests/styles/{framework}.py"
    found = check(file, "-f", framework, "--call", made_by, "--input", "3x64x64")
    assert (found["verdict"], found["same"], found["unused"]) == ("equal", [name], [])
    assert found["parameters"]["yours"] == found["parameters"]["table"]


def test_network_of_functions_needs_no_name():
    found = check("tests/styles/pytorch.py", "--input", "3x64x64", "--grad")
    assert (found["verdict"], found["same"]) == ("equal", ["googlenet"])


SEQUENTIAL = """
from torch import nn
from pytorch_impl import network

net = nn.Sequential(nn.Sequential(network("googlenet", input=(3, 64, 64))), nn.Identity())
"""


def test_sequence_around_a_network_is_found(tmp_path):
    """Though it is of a kind of which it has parts."""
    file = tmp_path / "mine.py"
    file.write_text(SEQUENTIAL)
    assert check(str(file), "--input", "3x64x64")["same"] == ["googlenet"]
