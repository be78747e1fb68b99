"""Networks changed as a whole, printed and then checked: each decision is named once."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from test_check import check
from test_check_people import written
from test_check_rewritten import checked

from common.networks import network
from common.networks.googlenet import kernel_3_for_5
from common.networks.overrides import every, remove
from common.spec import BatchNorm, Chain, Concat, Conv, PaddingRule, Residual
from common.spec.planner import lay_out
from common.spec.rewrite import rewrite_network
from common.tools.check.convolution_changes import with_width
from common.tools.check.decisions import decisions
from common.tools.check.describe import Difference
from common.tools.check.differences import also_in
from common.tools.check.graph import IMAGE, Op, draw, value, where_it_fits
from common.tools.check.module_changes import equal_sizes
from common.tools.check.ranking import rivals
from common.tools.source.printer import import_printer

SIZE = 75  # the smallest at which the reductions of Inception-ResNet leave a map


def printed(tmp_path, made):
    """A file with the PyTorch source of a network."""
    file = tmp_path / "mine.py"
    file.write_text(import_printer("pytorch").source(lay_out(made)).text)
    return str(file)


@pytest.mark.parametrize("factor", [0.5, 2])
def test_all_widths_times_one_number_are_one_choice(tmp_path, factor):
    made = rewrite_network(network("googlenet", (3, 64, 64)), partial(with_width, factor=factor))
    [found] = check(printed(tmp_path, made), "--input", "3x64x64", code=1)["differences"]
    assert found["what"] == "number of channels in all convolutions"
    assert (found["yours"], found["kind"]) == (f"{factor:g} times the published", "choice")
    assert len(found["places"]) == 57


def test_a_smaller_kernel_is_a_convention_where_code_has_it(tmp_path):
    found = checked(tmp_path, "pytorch", "inception_v3", 107, kernel_3_for_5)
    assert found == {"convolution: kernel": [f"Mixed_5{n}.branch5x5.2.conv" for n in "bcd"]}


def without_norms_in_modules(path, layer):
    """A network that has batch norm in its first layers only."""
    return remove(r"(.*\.)?bn")(path, layer) if "." in path else layer


def test_branches_without_batch_norm_are_told_apart_and_the_nearest_has_fewest_decisions(tmp_path):
    made = network("inception_resnet_v1", (3, SIZE, SIZE))
    for override in (
        without_norms_in_modules,
        every(BatchNorm, eps=1e-5),
        every(Residual, scale=0.2),
    ):
        made = rewrite_network(made, override)
    found = check(printed(tmp_path, made), "--input", f"3x{SIZE}x{SIZE}", code=1)
    assert found["nearest"] == "inception_resnet_v1"
    rows = {each["what"]: each["places"] for each in found["differences"]}
    assert [*rows] == ["batch norm: eps in all", "batch norm missing", "Residual: scale"]
    assert len(rows["batch norm: eps in all"]) == 6  # those that are there


def test_features_without_a_classifier_are_one_choice(tmp_path):
    file = printed(tmp_path, network("googlenet", (3, 64, 64), until="inception5b"))
    [found] = check(file, "--input", "3x64x64", code=1)["differences"]
    assert (found["what"], found["kind"]) == ("classifier missing", "choice")
    assert found["places"] == ["avgpool", "flatten", "dropout", "fc"]


def padded_before(_, layer):
    """The 3x3 branches of GoogLeNet with 5x5 and the padding of 3x3, after a padded 1x1."""
    match layer:
        case Chain(
            {"0": Chain({"conv": first, **relu}), "1": Chain({"conv": Conv(kernel=3) as c})}
        ):
            units = {
                "0": Chain({"conv": replace(first, padding=1), **relu}),
                "1": Chain({"conv": replace(c, kernel=5), **relu}),
            }
            return replace(layer, layers=units, built_by=None)
    return layer


def test_a_kernel_with_the_padding_of_another_is_named(tmp_path):
    found = checked(tmp_path, "pytorch", "googlenet", 64, padded_before)
    assert [*found] == ["convolution: padding", "convolution: kernel"]
    assert all(len(places) == 9 for places in found.values())


def width(layer, table):
    """A convolution with 128 channels."""
    return Difference(layer=layer, what="convolution: channels", yours="128", table=table)


def test_one_wrong_width_in_several_layers_of_the_same_modules_is_one_decision():
    tables = {"Mixed_6c": "160", "Mixed_6d": "160", "Mixed_6e": "192"}
    found = [width(f"{name}.{n}", table) for n in (1, 2, 3) for name, table in tables.items()]
    found += [width("Mixed_7a.9", "192")]
    one, other = decisions(found, is_small=False)
    assert (one.yours, one.table, len(one.places)) == ("128", "160, 192", 9)
    assert other.places == ("Mixed_7a.9",)


def test_maps_that_grow_because_layers_are_missing_are_not_computed():
    passes_on = {str(n): Op(None, (IMAGE,)) for n in range(4)}
    graph = {IMAGE: Op(None, ()), **passes_on, "module": Op(Concat({}), tuple(passes_on))}
    for channels, fits in ((1000, True), (2000, False)):
        found = where_it_fits(value, graph, "module", {IMAGE: np.zeros((1, channels, 1, 1))})
        assert (found is not None) == fits


def test_variants_without_heads_share_what_is_beside_the_heads():
    plan = lay_out(network("googlenet", aux=True))
    table = draw(plan)["conv1.conv"]
    yours = replace(table, layer=replace(table.layer, padding=PaddingRule.SAME))
    assert "googlenet.slim" in also_in(plan, "conv1.conv", yours, table)


def test_flattening_row_by_row_is_a_convention():
    orders = {"row, column, channel": "convention", "channel, column, row": "mistake"}
    for order, kind in orders.items():
        text = f"flatten in {order} order"
        each = Difference(layer="flatten", what="flatten replaced", yours=text, table="flatten")
        assert [made.kind for made in decisions([each], is_small=False)] == [kind]


JOINED = {
    "self.one = unit(i, a, 1)": "self.norm = nn.BatchNorm2d(a + c + e + f)\n"
    "        self.one = nn.Conv2d(i, a, 1)",
    "unit(b, c, 3, p=1))": "nn.Conv2d(b, c, 3, padding=1))",
    "five(d, e))": "nn.Conv2d(d, e, 5, padding=2))",
    "unit(i, f, 1))": "nn.Conv2d(i, f, 1))",
    "return cat(": "return self.joined(",
    "    def forward(self, x):\n        return self.joined": "    def joined(self, maps, axis):\n"
    "        return act()(self.norm(cat(maps, axis)))\n\n"
    "    def forward(self, x):\n        return self.joined",
}


def test_a_batch_norm_after_the_joined_branches_is_one_in_each(tmp_path):
    found = check(written(tmp_path, JOINED), "--input", "3x64x64", code=1)
    assert found["nearest"] == "googlenet.torchvision"
    assert {each["what"]: len(each["places"]) for each in found["differences"]} == {
        "batch norm: eps in all": 36,  # those of the branches
        "convolutions: biases in addition to batch norm": 57,
        "batch norm missing": 21,
        "convolution: kernel": 9,
        "max pool: kernel": 1,
        "dropout: rate": 1,
    }


def test_one_candidate_with_few_more_differences_is_a_rival():
    reading = SimpleNamespace(trace=SimpleNamespace(drops=None))
    counted = [SimpleNamespace(count=n, reading=reading) for n in (20, 22, 21, 23, 20)]
    assert [each.count for each in rivals(counted, counted[0])] == [21]
    assert rivals(counted, SimpleNamespace(count=19)) == []


def test_heads_after_a_missing_module_are_left_out():
    facts = SimpleNamespace(trace=SimpleNamespace(calls=[]))
    assert equal_sizes(network("googlenet", aux=True), ["inception3a"], facts) == 0
