"""What the parties call our arrays, each name as its published code has it."""

import pytest
from checkpoints import dialect
from conftest import native

from common.zoo import recognise as zoo


def test_d2l_names():
    _, arrays = dialect("googlenet.d2l")
    names = zoo.layouts_for("googlenet.d2l", "d2l")[0].names(dialect("googlenet.d2l")[0])
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


def test_slim_names():
    plan, _ = dialect("googlenet.slim")
    names = zoo.layouts_for("googlenet.slim", "slim")[0].names(plan)
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


# What the published code calls them: torchvision 0.29, timm 1.0, Paddle 3.3, TF-Slim.
FAMILY_NAMES = {
    ("inception_v3", "torchvision"): {
        "Conv2d_1a_3x3.bn.running_var": "Conv2d_1a_3x3.bn.running_var",
        "Mixed_5b.branch_pool.proj.conv.weight": "Mixed_5b.branch_pool.conv.weight",
        "Mixed_5d.branch5x5.2.bn.bias": "Mixed_5d.branch5x5_2.bn.bias",
        "Mixed_6a.branch3x3.conv.weight": "Mixed_6a.branch3x3.conv.weight",
        "Mixed_6e.branch7x7dbl.5.bn.weight": "Mixed_6e.branch7x7dbl_5.bn.weight",
        "Mixed_7a.branch7x7x3.4.conv.weight": "Mixed_7a.branch7x7x3_4.conv.weight",
        "Mixed_7c.branch3x3.2.a.conv.weight": "Mixed_7c.branch3x3_2a.conv.weight",
        "Mixed_7c.branch3x3dbl.3.b.conv.weight": "Mixed_7c.branch3x3dbl_3b.conv.weight",
        "AuxLogits.conv1.conv.weight": "AuxLogits.conv1.conv.weight",
    },
    ("inception_v4", "timm"): {
        "Conv2d_2b_3x3.conv.weight": "features.2.conv.weight",
        "Mixed_3a.conv.conv.weight": "features.3.conv.conv.weight",
        "Mixed_4a.branch1.3.bn.weight": "features.4.branch1.3.bn.weight",
        "Mixed_5e.branch3.1.conv.weight": "features.9.branch3.1.conv.weight",
        "Mixed_6a.branch0.conv.weight": "features.10.branch0.conv.weight",
        "Mixed_6h.branch2.4.bn.bias": "features.17.branch2.4.bn.bias",
        "Mixed_7a.branch1.3.conv.weight": "features.18.branch1.3.conv.weight",
        "Mixed_7b.branch1.0.conv.weight": "features.19.branch1_0.conv.weight",
        "Mixed_7b.branch1.1.a.conv.weight": "features.19.branch1_1a.conv.weight",
        "Mixed_7d.branch2.2.conv.weight": "features.21.branch2_2.conv.weight",
        "Mixed_7d.branch2.3.b.bn.running_mean": "features.21.branch2_3b.bn.running_mean",
        "Mixed_7d.branch3.1.conv.weight": "features.21.branch3.1.conv.weight",
        "fc.weight": "last_linear.weight",
    },
    ("inception_resnet_v2", "timm"): {
        "conv2d_4a.conv.weight": "conv2d_4a.conv.weight",
        "mixed_5b.branch3.1.conv.weight": "mixed_5b.branch3.1.conv.weight",
        "block35.0.residual.branch.branches.branch1.1.conv.weight":
            "repeat.0.branch1.1.conv.weight",
        "block35.9.residual.branch.conv2d.bias": "repeat.9.conv2d.bias",
        "block17.19.residual.branch.branches.branch0.bn.weight": "repeat_1.19.branch0.bn.weight",
        "block8.8.residual.branch.conv2d.weight": "repeat_2.8.conv2d.weight",
        "block8.9.residual.branch.branches.branch1.2.conv.weight": "block8.branch1.2.conv.weight",
        "conv2d_7b.bn.bias": "conv2d_7b.bn.bias",
        "classif.weight": "classif.weight",
    },
    ("xception.timm", "timm"): {
        "conv1.conv.weight": "conv1.weight",
        "conv2.bn.running_mean": "bn2.running_mean",
        "block1.branch.0.depthwise.weight": "block1.rep.0.conv1.weight",
        "block1.branch.4.weight": "block1.rep.4.weight",
        "block1.shortcut.conv.weight": "block1.skip.weight",
        "block12.shortcut.bn.running_var": "block12.skipbn.running_var",
        "block4.branch.7.pointwise.weight": "block4.rep.7.pointwise.weight",
        "conv3.depthwise.weight": "conv3.conv1.weight",
        "conv4.pointwise.weight": "conv4.pointwise.weight",
        "conv4.bn.weight": "bn4.weight",
        "fc.bias": "fc.bias",
    },
    ("inception_v3.paddle_vision", "paddle_vision"): {
        "Conv2d_2b_3x3.conv.weight": "inception_stem.conv_2b_3x3.0.weight",
        "Mixed_5b.branch_pool.proj.conv.weight": "inception_block_list.0.branch_pool_conv.0.weight",
        "Mixed_6a.branch3x3dbl.3.bn.bias": "inception_block_list.3.branch3x3dbl_3.1.bias",
        "Mixed_7c.branch3x3.2.a.bn.running_var":
            "inception_block_list.10.branch3x3_2a.1._variance",
        "fc.weight": "fc.weight",
    },
    ("inception_v2.slim", "slim"): {
        "conv1.depthwise.weight": "InceptionV2/Conv2d_1a_7x7/depthwise_weights",
        "conv1.pointwise.bias": "InceptionV2/Conv2d_1a_7x7/biases",
        "inception3a.branch3.2.conv.weight": "InceptionV2/Mixed_3b/Branch_2/Conv2d_0c_3x3/weights",
        "inception3c.branch2.1.bn.bias":
            "InceptionV2/Mixed_4a/Branch_0/Conv2d_1a_3x3/BatchNorm/beta",
        "inception4e.branch3.2.conv.weight": "InceptionV2/Mixed_5a/Branch_1/Conv2d_1a_3x3/weights",
        "inception5b.branch4.1.conv.weight": "InceptionV2/Mixed_5c/Branch_3/Conv2d_0b_1x1/weights",
        "fc.weight": "InceptionV2/Logits/Conv2d_1c_1x1/weights",
    },
    ("inception_v3.keras", "slim"): {
        "Mixed_5b.branch5x5.2.conv.weight": "InceptionV3/Mixed_5b/Branch_1/Conv2d_0b_5x5/weights",
        "Mixed_5c.branch5x5.1.conv.weight": "InceptionV3/Mixed_5c/Branch_1/Conv2d_0b_1x1/weights",
        "Mixed_5c.branch5x5.2.conv.weight": "InceptionV3/Mixed_5c/Branch_1/Conv_1_0c_5x5/weights",
        "Mixed_6a.branch3x3.conv.weight": "InceptionV3/Mixed_6a/Branch_0/Conv2d_1a_1x1/weights",
        "Mixed_7a.branch7x7x3.3.conv.weight": "InceptionV3/Mixed_7a/Branch_1/Conv2d_0c_7x1/weights",
        "Mixed_7b.branch3x3.2.b.conv.weight": "InceptionV3/Mixed_7b/Branch_1/Conv2d_0b_3x1/weights",
        "Mixed_7c.branch3x3.2.b.conv.weight": "InceptionV3/Mixed_7c/Branch_1/Conv2d_0c_3x1/weights",
        "AuxLogits.conv1.conv.weight": "InceptionV3/AuxLogits/Conv2d_2a_5x5/weights",
        "fc.bias": "InceptionV3/Logits/Conv2d_1c_1x1/biases",
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "layout"), FAMILY_NAMES)
def test_the_familys_names(name, layout):
    plan = native(name, aux=True)
    [published] = zoo.layouts_for(name, layout)
    names = published.names(plan)
    assert {mine: names[mine] for mine in FAMILY_NAMES[name, layout]} == FAMILY_NAMES[name, layout]
    assert len(set(names.values())) == len(plan.arrays())
