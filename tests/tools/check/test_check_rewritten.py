"""Networks with other blocks, printed and then checked: each decision is named once."""

from dataclasses import replace

from test_check import SMALL, check

from common.networks import network
from common.spec import LRN, Chain, Concat, ReLU, Residual
from common.spec.planner import lay_out
from common.spec.rewrite import rewrite_network
from common.tools.check.proposals import norm_between, pointwise_first
from common.tools.source.printer import import_printer


def checked(tmp_path, framework, name, size, *overrides):
    """The differences of a published network after overrides, as what and first place."""
    made = network(name, (3, size, size))
    for override in overrides:
        made = rewrite_network(made, override)
    file = tmp_path / "mine.py"
    file.write_text(import_printer(framework).source(lay_out(made)).text)
    found = check(str(file), "--input", f"3x{size}x{size}", "--network", name, code=1)
    return {each["what"]: each["places"] for each in found["differences"]}


def different_lrn(_, layer):
    """An LRN over 3 channels."""
    return replace(layer, size=3) if isinstance(layer, LRN) else layer


def test_the_matrix_of_an_lrn_is_no_layer(tmp_path):
    found = checked(tmp_path, "pytorch", "googlenet.paper", 64, different_lrn)
    assert [*found] == ["LRN: size"]


FRESH = """
from torch import nn
from pytorch_impl import network

class Fresh(nn.Module):
    def forward(self, x):
        return nn.BatchNorm2d(x.shape[1], eps=1e-3)(x)

net = network("googlenet.torchvision", input=(3, 64, 64))
net.inception3a.branch1.bn = Fresh()
"""


def test_a_batch_norm_that_is_new_in_each_call_is_a_layer(tmp_path):
    (tmp_path / "mine.py").write_text(FRESH)
    [found] = check(str(tmp_path / "mine.py"), *SMALL, code=1)["differences"]
    assert (found["layer"], found["what"]) == ("inception3a.branch1.bn", "batch norm replaced")
    assert found["yours"].startswith("batch norm with batch statistics")


FIRST = "separable convolutions: 1x1 first"
BETWEEN = "separable convolutions: batch norm between the halves"


def test_separable_convolutions_of_another_order_are_two_decisions(tmp_path):
    found = checked(tmp_path, "pytorch", "xception", 71, pointwise_first, norm_between)
    assert [*found] == [FIRST, BETWEEN]
    assert len(found[FIRST]) == 68  # two halves of 34


def side_by_side(path, layer):
    """A last module of Inception v3 in which one 3x3 convolution is beside those after it."""
    match layer:
        case Chain({"1": first, "2": three, "3": Concat(branches)}) if "Mixed_7" in path:
            return Chain({"1": first, "2": Concat({"c": three, **branches})})
    return layer


def test_branches_that_read_an_earlier_map_are_one_decision(tmp_path):
    found = checked(tmp_path, "tensorflow", "inception_v3.keras", 107, side_by_side)
    assert found == {
        "reads a different feature map": [
            f"Mixed_7{module}.branch3x3dbl.3.{branch}.conv" for module in "bc" for branch in "ab"
        ],
        "extra branch": ["Mixed_7b", "Mixed_7c"],
    }


def test_a_shortcut_that_reads_the_shortcut_before_it(tmp_path):
    text = import_printer("tensorflow").source(lay_out(network("xception", (3, 71, 71)))).text
    own = "shortcut = projection("
    first, second = f"{own}x, 128", f"{own}x, second"
    assert text.count(first) == text.count(second) == 1
    text = text.replace(first, f"BEFORE[:] = [{first.removeprefix('shortcut = ')}")
    start, _, rest = text.partition("BEFORE[:]")
    line, _, rest = rest.partition("\n")
    text = f"{start}BEFORE[:]{line}]\n    [shortcut] = BEFORE\n{rest}"
    text = text.replace(second, f"{own}BEFORE[0] if name == 'block2' else x, second")
    file = tmp_path / "mine.py"
    file.write_text(text.replace("def block1(", "BEFORE = []\n\n\ndef block1("))
    [found] = check(str(file), "-f", "tensorflow", code=1)["differences"]
    assert (found["layer"], found["what"]) == (
        "block2.shortcut.conv",
        "reads a different feature map",
    )
    assert (found["yours"], found["table"]) == ("block1.shortcut.bn", "block1")


def relu_after(path, layer):
    """A ReLU after the last block, which no shortcut reads."""
    if path == "block12":
        return Chain({"sum": layer, "relu": ReLU()})
    return layer


def test_a_relu_that_no_shortcut_reads_is_an_extra_one(tmp_path):
    found = checked(tmp_path, "pytorch", "xception", 71, relu_after)
    assert found == {"extra ReLU": ["block12"]}


def in_place(_, layer):
    """A ReLU that changes the map that a shortcut reads later."""
    match layer:
        case Residual(branch=Chain({"0": ReLU(), **steps}), shortcut=shortcut):
            changed = {"branch": Chain(steps)}
            if shortcut is not None:
                changed["shortcut"] = shortcut
            return Chain({"first": ReLU(), "sum": replace(layer, **changed)})
    return layer


def test_an_in_place_relu_in_many_blocks_is_one_decision(tmp_path):
    found = checked(tmp_path, "pytorch", "xception", 71, in_place)
    assert [*found] == ["in-place ReLU: the shortcut reads its output"]
    assert len(next(iter(found.values()))) == 11
