"""Batch norms that are missing or extra, also beside other differences in the same place."""

from types import SimpleNamespace

import numpy as np
import pytest
from test_check import SMALL, check
from test_check_other_modules import JOINED, POOL
from test_check_people import UNIT, written
from test_check_repositories import NORMED

from common.tools.check.facts import measured_eps

FIVE = "nn.Sequential(nn.Conv2d(i, o, 5, 1, 2), act())"
NORM = f"{POOL}\n        self.norm = nn.BatchNorm2d(a + c + e + f, 1e-3)"
SUM = JOINED.replace("return ", "return act()(self.norm(") + "))"
AFTER = "batch norm after every convolution"
OWN = "convolutions: biases in addition to batch norm"
PADDED = "nn.MaxPool2d(3, 2, 1)"
# The edits of the source, and the decisions after those of batch norm, with their places.
NETWORKS = {
    "none after the convolutions of one size": (
        {UNIT: NORMED.replace("(o)", "(o, 1e-3)"), "return unit(i, o, 5, p=2)": f"return {FIVE}"},
        [("no batch norm after 5x5 convolutions", 9)],
    ),
    "one after a pool with another padding": (
        {"pool(), unit(64, 64, 1)": f"{PADDED}, nn.BatchNorm2d(64), unit(64, 64, 1)"},
        [("max pool: padding", 1), ("extra batch norm", 1)],
    ),
    "one after each module, and before pools with another padding": (
        {POOL: NORM, JOINED: SUM, "nn.MaxPool2d(3, 2, ceil_mode=True)": PADDED},
        [("extra batch norm", 9), ("extra ReLU", 9), ("extra dropout", 1)],
    ),
    "one before and one after another pool at the end": (
        {
            "nn.AdaptiveAvgPool2d(1)": (
                "nn.BatchNorm2d(1024), nn.AdaptiveMaxPool2d(1), nn.BatchNorm2d(1024)"
            )
        },
        [("extra batch norm", 2), ("global average pool replaced", 1)],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_each_norm_is_named(tmp_path, name):
    edits, wanted = NETWORKS[name]
    found = check(written(tmp_path, edits), *SMALL, code=1)["differences"]
    left = [each for each in found if each["what"] not in (OWN, AFTER)]
    assert [(each["what"], len(each["places"])) for each in left] == wanted
    assert "dropout" not in next(e["places"] for e in left if "batch norm" in e["what"])


def test_norms_in_and_after_each_module_are_explained_also_before_other_pools(tmp_path):
    edits = {
        "five(d, e))": "five(d, e), nn.BatchNorm2d(e, 1e-3))",
        "nn.MaxPool2d(3, 2, ceil_mode=True)": "nn.MaxPool2d(2, 2)",
    }
    file = written(tmp_path, edits | {POOL: NORM, JOINED: SUM})
    found = check(file, *SMALL, code=1)["differences"]
    own = [each["what"] for each in found if each["what"] not in (OWN, AFTER)]
    assert own == ["max pool: kernel", "extra batch norm", "extra ReLU"]


@pytest.mark.parametrize(("dtype", "eps"), [(np.float32, 1e-5), (np.float64, 1.004e-5)])
def test_in_float32_an_eps_is_the_usual_one_that_is_near(dtype, eps):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 4))
    y = x / np.sqrt(0.5 + 1.004e-5)
    weights = {"running_var": np.full(3, 0.5)}
    call = SimpleNamespace(input=x, output=y.astype(dtype), weights=weights)
    assert measured_eps(call) == pytest.approx(eps, rel=1e-3)
