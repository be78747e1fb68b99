"""TF-Slim's names for our arrays: a few irregular ones of each network."""

SLIM_NAMES = {
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
    ("inception_v4", "slim"): {
        "Conv2d_2b_3x3.conv.weight": "InceptionV4/Conv2d_2b_3x3/weights",
        "Mixed_3a.conv.conv.weight": "InceptionV4/Mixed_3a/Branch_1/Conv2d_0a_3x3/weights",
        "Mixed_4a.branch0.1.conv.weight": "InceptionV4/Mixed_4a/Branch_0/Conv2d_1a_3x3/weights",
        "Mixed_4a.branch1.2.conv.weight": "InceptionV4/Mixed_4a/Branch_1/Conv2d_0c_7x1/weights",
        "Mixed_4a.branch1.3.conv.weight": "InceptionV4/Mixed_4a/Branch_1/Conv2d_1a_3x3/weights",
        "Mixed_5a.conv.bn.bias": "InceptionV4/Mixed_5a/Branch_0/Conv2d_1a_3x3/BatchNorm/beta",
        "Mixed_5e.branch2.2.conv.weight": "InceptionV4/Mixed_5e/Branch_2/Conv2d_0c_3x3/weights",
        "Mixed_6a.branch0.conv.weight": "InceptionV4/Mixed_6a/Branch_0/Conv2d_1a_3x3/weights",
        "Mixed_6a.branch1.2.conv.weight": "InceptionV4/Mixed_6a/Branch_1/Conv2d_1a_3x3/weights",
        "Mixed_6b.branch1.2.conv.weight": "InceptionV4/Mixed_6b/Branch_1/Conv2d_0c_7x1/weights",
        "Mixed_6g.branch2.4.conv.weight": "InceptionV4/Mixed_6g/Branch_2/Conv2d_0e_1x7/weights",
        "Mixed_6h.branch2.1.bn.running_mean":
            "InceptionV4/Mixed_6h/Branch_2/Conv2d_0b_7x1/BatchNorm/moving_mean",
        "Mixed_7a.branch0.0.conv.weight": "InceptionV4/Mixed_7a/Branch_0/Conv2d_0a_1x1/weights",
        "Mixed_7a.branch1.3.conv.weight": "InceptionV4/Mixed_7a/Branch_1/Conv2d_1a_3x3/weights",
        "Mixed_7b.branch1.1.a.conv.weight": "InceptionV4/Mixed_7b/Branch_1/Conv2d_0b_1x3/weights",
        "Mixed_7c.branch1.1.b.conv.weight": "InceptionV4/Mixed_7c/Branch_1/Conv2d_0c_3x1/weights",
        "Mixed_7b.branch2.1.bn.running_var":
            "InceptionV4/Mixed_7b/Branch_2/Conv2d_0b_3x1/BatchNorm/moving_variance",
        "Mixed_7d.branch2.3.a.bn.running_var":
            "InceptionV4/Mixed_7d/Branch_2/Conv2d_0d_1x3/BatchNorm/moving_variance",
        "Mixed_7d.branch2.3.b.conv.weight": "InceptionV4/Mixed_7d/Branch_2/Conv2d_0e_3x1/weights",
        "Mixed_7d.branch3.1.conv.weight": "InceptionV4/Mixed_7d/Branch_3/Conv2d_0b_1x1/weights",
        "AuxLogits.conv0.conv.weight": "InceptionV4/AuxLogits/Conv2d_1b_1x1/weights",
        "AuxLogits.conv1.bn.bias": "InceptionV4/AuxLogits/Conv2d_2a/BatchNorm/beta",
        "AuxLogits.fc.weight": "InceptionV4/AuxLogits/Aux_logits/weights",
        "fc.bias": "InceptionV4/Logits/Logits/biases",
    },
    ("inception_resnet_v2", "slim"): {
        "conv2d_1a.conv.weight": "InceptionResnetV2/Conv2d_1a_3x3/weights",
        "conv2d_3b.bn.bias": "InceptionResnetV2/Conv2d_3b_1x1/BatchNorm/beta",
        "mixed_5b.branch0.conv.weight": "InceptionResnetV2/Mixed_5b/Branch_0/Conv2d_1x1/weights",
        "mixed_5b.branch1.1.conv.weight":
            "InceptionResnetV2/Mixed_5b/Branch_1/Conv2d_0b_5x5/weights",
        "mixed_5b.branch3.1.conv.weight":
            "InceptionResnetV2/Mixed_5b/Branch_3/Conv2d_0b_1x1/weights",
        "block35.0.residual.branch.branches.branch2.2.conv.weight":
            "InceptionResnetV2/Repeat/block35_1/Branch_2/Conv2d_0c_3x3/weights",
        "block35.9.residual.branch.conv2d.bias":
            "InceptionResnetV2/Repeat/block35_10/Conv2d_1x1/biases",
        "mixed_6a.branch0.conv.weight": "InceptionResnetV2/Mixed_6a/Branch_0/Conv2d_1a_3x3/weights",
        "mixed_6a.branch1.2.conv.weight":
            "InceptionResnetV2/Mixed_6a/Branch_1/Conv2d_1a_3x3/weights",
        "block17.0.residual.branch.branches.branch0.conv.weight":
            "InceptionResnetV2/Repeat_1/block17_1/Branch_0/Conv2d_1x1/weights",
        "block17.19.residual.branch.branches.branch1.2.conv.weight":
            "InceptionResnetV2/Repeat_1/block17_20/Branch_1/Conv2d_0c_7x1/weights",
        "mixed_7a.branch1.1.conv.weight":
            "InceptionResnetV2/Mixed_7a/Branch_1/Conv2d_1a_3x3/weights",
        "mixed_7a.branch2.1.conv.weight":
            "InceptionResnetV2/Mixed_7a/Branch_2/Conv2d_0b_3x3/weights",
        "block8.8.residual.branch.branches.branch1.1.bn.running_var":
            "InceptionResnetV2/Repeat_2/block8_9/Branch_1/Conv2d_0b_1x3/BatchNorm/moving_variance",
        "block8.9.residual.branch.branches.branch1.2.conv.weight":
            "InceptionResnetV2/Block8/Branch_1/Conv2d_0c_3x1/weights",
        "block8.9.residual.branch.conv2d.weight": "InceptionResnetV2/Block8/Conv2d_1x1/weights",
        "conv2d_7b.bn.running_mean": "InceptionResnetV2/Conv2d_7b_1x1/BatchNorm/moving_mean",
        "AuxLogits.conv0.conv.weight": "InceptionResnetV2/AuxLogits/Conv2d_1b_1x1/weights",
        "AuxLogits.conv1.conv.weight": "InceptionResnetV2/AuxLogits/Conv2d_2a_5x5/weights",
        "AuxLogits.fc.bias": "InceptionResnetV2/AuxLogits/Logits/biases",
        "classif.weight": "InceptionResnetV2/Logits/Logits/weights",
    },
}  # fmt: skip
