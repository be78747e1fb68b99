"""Modules whose branches do not fit together: `check` names the branch and what it needs."""

from pathlib import Path

import pytest
from cli import call

from common.tools.check.failures import explained

PAD = "branch 3 outputs {0}x{0}, branch 1 28x28: branch 3 needs {1} more padding on each side"
CONCAT = (
    "A `Concatenate` layer requires inputs with matching shapes except for the concatenation "
    "axis. Received: input_shape=[(None, {}, {}, 64), (None, 28, 28, 128), (None, {}, {}, 32), "
    "(None, 28, 28, 32)]"
)
# Errors as the frameworks word them, and the beginning of the explanation.
ERRORS = {
    "PyTorch": (
        "Sizes of tensors must match except in dimension 1. Expected size 28 but got size 26 for "
        "tensor number 2 in the list.",
        PAD.format(26, 1),
    ),
    "TensorFlow": (
        "{{function_node __wrapped__ConcatV2_N_4}} ConcatOp : Dimension 1 in both shapes must be "
        "equal: shape[0] = [1,28,28,3] vs. shape[2] = [1,24,24,5] [Op:ConcatV2] name: concat",
        PAD.format(24, 2),
    ),
    "Keras": (CONCAT.format(28, 28, 24, 24), PAD.format(24, 2)),
    "Keras, first branch": (
        CONCAT.format(26, 26, 28, 28),
        "branch 1 outputs 26x26, branch 2 28x28: branch 1 needs 1 more padding",
    ),
    "Paddle": (
        "(InvalidArgument) The 2-th dimension of input[0] and input[2] is expected to be equal."
        "But received input[0]'s shape = [1, 3, 28, 28], input[2]'s shape = [1, 5, 14, 14].",
        "branch 3 outputs 14x14, branch 1 28x28: all branches of a module must have the same",
    ),
    "odd": (
        "Expected size 28 but got size 27 for tensor number 1 in the list",
        "branch 2 outputs 27x27, branch 1 28x28",
    ),
    "linear": (
        "mat1 and mat2 shapes cannot be multiplied (2x1024 and 512x10)",
        "the linear layer expects 512 values but got 1024",
    ),
    "PyTorch, channels": (
        "Given groups=1, weight of size [128, 256, 1, 1], expected input[2, 192, 28, 28] to have "
        "256 channels, but got 192 channels instead",
        "the layer expects 256 channels but got 192",
    ),
    "Paddle, channels": (
        "the input's channels is 192, the input's shape is [1, 192, 56, 56]; the filter's "
        "channels is 256, the filter's shape is [128, 256, 1, 1]",
        "the layer expects 256 channels but got 192",
    ),
    "a linear layer on large maps": (
        "OOM when allocating tensor with shape[746496,1000] and type double",
        "out of memory, because a linear layer reads 746,496 values of each image: a stride, a",
    ),
    "another error": ("The size of tensor a (28) must match the size of tensor b (14)", ""),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_explained(name):
    text, wanted = ERRORS[name]
    found = explained(text)
    assert found.startswith(wanted)
    assert bool(found) == bool(wanted)


SOURCE = (Path(__file__).parents[2] / "people" / "googlenet.txt").read_text()
FAILING = {
    "unit(i, o, 5, p=1)": "branch 3 outputs 6x6, branch 1 8x8: branch 3 needs 1 more padding",
    "unit(i, o, 5, s=2, p=2)": "branch 3 outputs 4x4, branch 1 8x8: all branches of a module",
}


@pytest.mark.parametrize("change", FAILING)
def test_a_file_whose_module_fails_is_told_what_to_change(tmp_path, change):
    file = tmp_path / "mine.py"
    file.write_text(SOURCE.replace("unit(i, o, 5, p=2)", change))
    code, _, error = call("check", file, "--input", "3x64x64")
    line = SOURCE.splitlines().index(next(e for e in SOURCE.splitlines() if "return cat(" in e)) + 1
    assert code == 4
    assert f"line {line}: {FAILING[change]}" in error, error
