"""The README is true: what it prints is what the commands print."""

import re

import pytest
from conftest import planned
from readme import block, output

from common.shapes import by
from common.show import number


@pytest.mark.parametrize("name", ["list", "diff"])
def test_what_is_shown_is_what_is_printed(name):
    assert block(name) == output(name)


def test_the_comparison_shown_has_every_row_of_the_plan():
    shown = block("compare")
    assert shown.splitlines()[-1].startswith("EQUAL: pytorch, tensorflow, paddle")
    for layer in planned().body.children:
        if layer.path not in ("flatten", "dropout"):
            [row] = [line for line in shown.splitlines() if line.split()[:1] == [layer.path]]
            counts = filter(None, [number(layer.parameter_count), number(layer.multiply_adds)])
            assert row.split()[1:-6] == [by(layer.output), *counts]
            differences = [float(word) for word in re.findall(r"= (\S+)", row)]
            assert len(differences) == 3
            assert max(differences) < 1e-5
