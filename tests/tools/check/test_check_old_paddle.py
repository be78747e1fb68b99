"""Code for Paddle 1, whose functions add layers to a graph, is run as a network of today."""

import pytest
from test_check import SMALL, check

SOURCE = """
import paddle.v2 as paddle
import paddle.fluid as fluid
from paddle.fluid.param_attr import ParamAttr

ROWS = [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None,
        (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), None,
        (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)]


def conv(x, n, k, s=1):
    bound = (3 / (k * k * x.shape[1])) ** 0.5
    attr = ParamAttr(initializer=fluid.initializer.Uniform(-bound, bound))
    return fluid.layers.conv2d(input=x, num_filters=n, filter_size=k, stride=s, padding=k // 2,
                               act="relu", param_attr=attr, name="conv")


def pool(x, s=2):
    return fluid.layers.pool2d(x, 3, "max", s, 1)


class Net:
    def module(self, x, a, b, c, d, e, f):
        parts = [conv(x, a, 1), conv(conv(x, b, 1), c, 3), conv(conv(x, d, 1), e, 5),
                 conv(pool(x, 1), f, 1)]
        return fluid.layers.concat(input=parts, axis=1)

    def net(self, input, label, class_dim=1000):
        x = pool(conv(input, 64, 7, 2))
        x = pool(conv(conv(x, 64, 1), 192, 3))
        for row in ROWS:
            x = self.module(x, *row) if row else pool(x)
        x = fluid.layers.pool2d(input=x, pool_type="avg", global_pooling=True)
        x = fluid.layers.dropout(x, 0.4)
        return fluid.layers.fc(input=x, size=class_dim, act="softmax")
"""
PLAIN = {"0.4)": "0.4, dropout_implementation='upscale_in_train')", ', act="softmax"': ""}
NORMED = {
    "x = pool(conv(conv(": "x = normed(conv(conv(",
    "class Net": "def normed(x):\n    return pool(fluid.layers.lrn(x, 5))\n\nclass Net",
}


def checked(tmp_path, edits, *, code):
    """The document of a check of the source after these edits."""
    text = SOURCE
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "mine.py"
    file.write_text(text)
    return check(str(file), "--network", "googlenet.paddle", *SMALL, code=code)


def test_a_graph_is_read_as_a_network(tmp_path):
    found = checked(tmp_path, {}, code=1)
    kinds = {each["what"]: each["kind"] for each in found["differences"]}
    assert kinds == {"all values times 0.6": "mistake", "extra softmax": "convention"}
    assert "paddle.fluid" in " ".join(found["notes"])
    assert checked(tmp_path, PLAIN, code=0)["differences"] == []


AFTER = {
    'act="relu", param': "act=None, param",
    "return fluid.layers.concat(input=parts, axis=1)":
    "return fluid.layers.relu(fluid.layers.concat(input=parts, axis=1))",
}  # fmt: skip


def test_a_relu_after_the_branches_is_that_of_each(tmp_path):
    [found] = checked(tmp_path, PLAIN | AFTER, code=1)["differences"]
    assert found["what"] == "ReLU missing"
    reduces = {place for place in found["places"] if place.endswith(".0.relu")}
    assert len(reduces) == 18
    assert {*found["places"]} - reduces == {"conv1.relu", "conv2.relu", "conv3.relu"}


@pytest.mark.parametrize(
    ("edits", "what", "yours"),
    [
        ({"64, 7, 2)": "64, 7)"}, "convolution: stride", "1"),
        (NORMED, "extra LRN", "LRN (size 5, alpha 0.0005, beta 0.75)"),
    ],
)
def test_a_mistake_in_a_graph_is_named(tmp_path, edits, what, yours):
    [found] = checked(tmp_path, PLAIN | edits, code=1)["differences"]
    assert (found["what"], found["yours"]) == (what, yours)
