"""The parties' names for our arrays, as in their published code."""

import pytest
from checkpoints import variant
from conftest import native
from published_names import FAMILY_NAMES

from common.tools.zoo.recognise import formats_for


def test_d2l_names():
    _, arrays = variant("googlenet.d2l")
    names = formats_for("googlenet.d2l", "d2l")[0].names(variant("googlenet.d2l")[0])
    for mine, theirs in {
        "conv1.conv.weight": "0.0.weight",
        "conv3.conv.bias": "1.2.bias",
        "inception3a.branch2.0.conv.weight": "2.0.p2_1.weight",
        "inception4e.branch4.1.conv.weight": "3.4.p4_2.weight",
        "inception5b.branch1.conv.weight": "4.1.p1_1.weight",
        "fc.weight": "5.weight",
    }.items():
        assert mine in arrays
        assert names[mine] == theirs


def test_caffes_names():
    """The names of its train_val.prototxt; the ONNX model zoo's are derived from them."""
    plan, _ = variant("googlenet.caffe")
    names = formats_for("googlenet.caffe", "caffe")[0].names(plan)
    for mine, theirs in {
        "conv1.conv.weight": "conv1/7x7_s2/0",
        "conv2.conv.bias": "conv2/3x3_reduce/1",
        "conv3.conv.weight": "conv2/3x3/0",
        "inception3a.branch1.conv.weight": "inception_3a/1x1/0",
        "inception4e.branch3.0.conv.weight": "inception_4e/5x5_reduce/0",
        "inception5b.branch4.1.conv.bias": "inception_5b/pool_proj/1",
        "aux1.conv.conv.weight": "loss1/conv/0",
        "aux2.fc1.weight": "loss2/fc/0",
        "aux2.fc2.bias": "loss2/classifier/1",
        "fc.weight": "loss3/classifier/0",
    }.items():
        assert names[mine] == theirs
    zoo = formats_for("googlenet.caffe", "onnx_zoo")[0].names(plan)
    assert zoo["inception4d.branch2.0.conv.weight"] == "inception_4d/3x3_reduce_w_0"
    assert zoo["fc.bias"] == "loss3/classifier_b_0"


def test_slim_names():
    plan, _ = variant("googlenet.slim")
    names = formats_for("googlenet.slim", "slim")[0].names(plan)
    for mine, theirs in {
        "conv1.conv.weight": "InceptionV1/Conv2d_1a_7x7/weights",
        "inception3a.branch2.0.conv.weight": "InceptionV1/Mixed_3b/Branch_1/Conv2d_0a_1x1/weights",
        "inception3a.branch3.1.bn.bias":
            "InceptionV1/Mixed_3b/Branch_2/Conv2d_0b_3x3/BatchNorm/beta",
        "inception5a.branch3.1.bn.running_var":
            "InceptionV1/Mixed_5b/Branch_2/Conv2d_0a_3x3/BatchNorm/moving_variance",
        "inception5b.branch3.1.bn.running_mean":
            "InceptionV1/Mixed_5c/Branch_2/Conv2d_0b_3x3/BatchNorm/moving_mean",
        "fc.weight": "InceptionV1/Logits/Conv2d_0c_1x1/weights",
        "fc.bias": "InceptionV1/Logits/Conv2d_0c_1x1/biases",
    }.items():  # fmt: skip
        assert names[mine] == theirs
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize(("name", "format"), FAMILY_NAMES)
def test_the_familys_names(name, format):
    plan = native(name, aux=True)
    [published] = formats_for(name, format)
    names = published.names(plan)
    assert {mine: names[mine] for mine in FAMILY_NAMES[name, format]} == FAMILY_NAMES[name, format]
    assert len(set(names.values())) == len(plan.array_shapes())
