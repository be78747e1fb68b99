"""What each party calls our arrays: tables of regular expressions, applied in turn to our names."""

from common.networks.inception_v4 import inception_v4

Rules = tuple[tuple[str, str], ...]

MIXED_V3 = [
    f"Mixed_{name}" for name in ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"]
]
STEPS_V4 = list(inception_v4(0).body.steps)[:-2]
# TF-Slim numbers the paper's modules on, one letter later, and a halving one begins a number.
MIXED_V2 = dict(
    zip(
        ["3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"],
        [f"Mixed_{name}" for name in ["3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b", "5c"]],
        strict=True,
    )
)

COUNTERS = r".*\.num_batches_tracked"
PADDLE_NORM: Rules = (("running_mean$", "_mean"), ("running_var$", "_variance"))

PADDLE_VISION: Rules = (
    (r"^conv1\.conv", "_conv._conv"),
    (r"^conv2\.conv", "_conv_1._conv"),
    (r"^conv3\.conv", "_conv_2._conv"),
    (r"^inception(..)\.", r"_ince\1."),
    (r"branch1\.conv", "_conv1._conv"),
    (r"branch2\.0\.conv", "_conv3r._conv"),
    (r"branch2\.1\.conv", "_conv3._conv"),
    (r"branch3\.0\.conv", "_conv5r._conv"),
    (r"branch3\.1\.conv", "_conv5._conv"),
    (r"branch4\.1\.conv", "_convprj._conv"),
    (r"^fc\.", "_fc_out."),
    (r"^aux(.)\.conv\.conv", r"_conv_o\1._conv"),
    (r"^aux(.)\.fc1", r"_fc_o\1"),
    (r"^aux(.)\.fc2", r"_out\1"),
)

D2L: Rules = (
    (r"^conv1\.conv", "0.0"),
    (r"^conv2\.conv", "1.0"),
    (r"^conv3\.conv", "1.2"),
    (r"^inception3a", "2.0"),
    (r"^inception3b", "2.1"),
    (r"^inception4a", "3.0"),
    (r"^inception4b", "3.1"),
    (r"^inception4c", "3.2"),
    (r"^inception4d", "3.3"),
    (r"^inception4e", "3.4"),
    (r"^inception5a", "4.0"),
    (r"^inception5b", "4.1"),
    (r"branch1\.conv", "p1_1"),
    (r"branch([23])\.0\.conv", r"p\1_1"),
    (r"branch([23])\.1\.conv", r"p\1_2"),
    (r"branch4\.1\.conv", "p4_2"),
    (r"^fc\.", "5."),
)

PADDLE_TUTORIAL: Rules = (
    (r"^conv1\.conv", "conv_block1.0"),
    (r"^conv2\.conv", "conv_block2.0"),
    (r"^conv3\.conv", "conv_block2.2"),
    (r"^inception3a", "inception_block3.0"),
    (r"^inception3b", "inception_block3.1"),
    (r"^inception5a", "inception_block5.0"),
    (r"^inception5b", "inception_block5.1"),
    (r"branch1\.conv", "p1.0"),
    (r"branch([23])\.0\.conv", r"p\1.0"),
    (r"branch([23])\.1\.conv", r"p\1.2"),
    (r"branch4\.1\.conv", "p4.1"),
    (r"^fc\.", "out.3."),
    (r"^aux(.)\.conv\.conv", r"out\1.1"),
    (r"^aux(.)\.fc1", r"out\1.3"),
    (r"^aux(.)\.fc2", r"out\1.6"),
)

SLIM_V1: Rules = (
    (r"^conv1\.", "Conv2d_1a_7x7."),
    (r"^conv2\.", "Conv2d_2b_1x1."),
    (r"^conv3\.", "Conv2d_2c_3x3."),
    # The figure's 3a is TF-Slim's Mixed_3b, and so on; one scope was named after the wrong letter.
    (r"^inception5a\.branch3\.1\.", "Mixed_5b.Branch_2.Conv2d_0a_3x3."),
    (r"^inception3a", "Mixed_3b"),
    (r"^inception3b", "Mixed_3c"),
    (r"^inception4e", "Mixed_4f"),
    (r"^inception4d", "Mixed_4e"),
    (r"^inception4c", "Mixed_4d"),
    (r"^inception4b", "Mixed_4c"),
    (r"^inception4a", "Mixed_4b"),
    (r"^inception5b", "Mixed_5c"),
    (r"^inception5a", "Mixed_5b"),
    (r"branch1\.", "Branch_0.Conv2d_0a_1x1."),
    (r"branch2\.0\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch2\.1\.", "Branch_1.Conv2d_0b_3x3."),
    (r"branch3\.0\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch3\.1\.", "Branch_2.Conv2d_0b_3x3."),
    (r"branch4\.1\.", "Branch_3.Conv2d_0b_1x1."),
    (r"^fc\.", "Logits.Conv2d_0c_1x1."),
    (r"^", "InceptionV1."),
)

# How TF-Slim calls what is inside a convolution, for all of its networks.
SLIM_PARTS: Rules = (
    (r"\.conv\.weight$|\.weight$", ".weights"),
    (r"\.bn\.bias$", ".BatchNorm.beta"),
    (r"\.bn\.running_mean$", ".BatchNorm.moving_mean"),
    (r"\.bn\.running_var$", ".BatchNorm.moving_variance"),
    (r"\.bias$", ".biases"),
    (r"\.", "/"),
)
# What training leaves in a checkpoint beside the weights.
SLIM_EXTRA = (
    r"global_step|beta[12]_power|train_op/.*|.*/(RMSProp.*|Momentum|Adam.*|Adagrad|Adadelta.*"
    r"|Ftrl.*|ExponentialMovingAverage)"
)

# Our branches are chains of steps; the published code has flat names: branch3x3dbl_3a.
FLAT: Rules = (
    (r"\.(\d)\.([ab])\.", r".\1\2."),
    (r"\.(branch\w+)\.(\d[ab]?)\.", r".\1_\2."),
)
TORCHVISION_V3: Rules = ((r"branch_pool\.proj", "branch_pool"), *FLAT)

PADDLE_VISION_V3: Rules = (
    (r"^Conv2d_", "inception_stem.conv_"),
    *((f"^{name}\\.", f"inception_block_list.{number}.") for number, name in enumerate(MIXED_V3)),
    (r"branch_pool\.proj", "branch_pool_conv"),
    *FLAT,
    (r"\.conv\.", ".0."),
    (r"\.bn\.", ".1."),
    *PADDLE_NORM,
)

TIMM_V4: Rules = (
    *((f"(^Mixed_7[bcd].*\\.branch[12])\\.{n}\\.([ab])\\.", rf"\1_{n}\2.") for n in "13"),
    (r"(^Mixed_7[bcd]\.branch[12])\.(\d)\.", r"\1_\2."),
    *((f"^{name}\\.", f"features.{number}.") for number, name in enumerate(STEPS_V4)),
    (r"^fc\.", "last_linear."),
)

TIMM_RESNET_V2: Rules = (
    (r"\.residual\.branch\.(branches\.)?", "."),
    (r"^block35\.", "repeat."),
    (r"^block17\.", "repeat_1."),
    (r"^block8\.([0-8])\.", r"repeat_2.\1."),
    (r"^block8\.9\.", "block8."),
)

TIMM_XCEPTION: Rules = (
    (r"\.depthwise\.", ".conv1."),
    (r"\.branch\.", ".rep."),
    (r"\.shortcut\.conv\.", ".skip."),
    (r"\.shortcut\.bn\.", ".skipbn."),
    (r"^(conv\d)\.conv\.", r"\1."),
    (r"^conv(\d)\.bn\.", r"bn\1."),
)

SLIM_V2: Rules = (
    (r"^conv1\.depthwise\.weight", "Conv2d_1a_7x7.depthwise_weights"),
    (r"^conv1\.pointwise\.weight", "Conv2d_1a_7x7.pointwise_weights"),
    (r"^conv1\.pointwise\.bias", "Conv2d_1a_7x7.biases"),
    (r"^conv2\.", "Conv2d_2b_1x1."),
    (r"^conv3\.", "Conv2d_2c_3x3."),
    (r"^inception(3c|4e)\.branch2\.0\.", r"inception\1.Branch_0.Conv2d_0a_1x1."),
    (r"^inception(3c|4e)\.branch2\.1\.", r"inception\1.Branch_0.Conv2d_1a_3x3."),
    (r"^inception(3c|4e)\.branch3\.0\.", r"inception\1.Branch_1.Conv2d_0a_1x1."),
    (r"^inception(3c|4e)\.branch3\.1\.", r"inception\1.Branch_1.Conv2d_0b_3x3."),
    (r"^inception(3c|4e)\.branch3\.2\.", r"inception\1.Branch_1.Conv2d_1a_3x3."),
    *((f"^inception{ours}\\.", f"{theirs}.") for ours, theirs in MIXED_V2.items()),
    (r"branch1\.", "Branch_0.Conv2d_0a_1x1."),
    (r"branch2\.0\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch2\.1\.", "Branch_1.Conv2d_0b_3x3."),
    (r"branch3\.0\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch3\.1\.", "Branch_2.Conv2d_0b_3x3."),
    (r"branch3\.2\.", "Branch_2.Conv2d_0c_3x3."),
    (r"branch4\.1\.", "Branch_3.Conv2d_0b_1x1."),
    (r"^fc\.", "Logits.Conv2d_1c_1x1."),
    (r"^", "InceptionV2."),
)

# TF-Slim's scopes in Inception v3 count letters; in Mixed_5c, 6a and 7b they miscount.
SLIM_V3: Rules = (
    (r"^(Mixed_5c)\.branch5x5\.1\.", r"\1.Branch_1.Conv2d_0b_1x1."),
    (r"^(Mixed_5c)\.branch5x5\.2\.", r"\1.Branch_1.Conv_1_0c_5x5."),
    (r"^(Mixed_6a)\.branch3x3\.", r"\1.Branch_0.Conv2d_1a_1x1."),
    (r"^(Mixed_6a)\.branch3x3dbl\.1\.", r"\1.Branch_1.Conv2d_0a_1x1."),
    (r"^(Mixed_6a)\.branch3x3dbl\.2\.", r"\1.Branch_1.Conv2d_0b_3x3."),
    (r"^(Mixed_6a)\.branch3x3dbl\.3\.", r"\1.Branch_1.Conv2d_1a_1x1."),
    (r"^(Mixed_7a)\.branch3x3\.1\.", r"\1.Branch_0.Conv2d_0a_1x1."),
    (r"^(Mixed_7a)\.branch3x3\.2\.", r"\1.Branch_0.Conv2d_1a_3x3."),
    (r"^(Mixed_7a)\.branch7x7x3\.1\.", r"\1.Branch_1.Conv2d_0a_1x1."),
    (r"^(Mixed_7a)\.branch7x7x3\.2\.", r"\1.Branch_1.Conv2d_0b_1x7."),
    (r"^(Mixed_7a)\.branch7x7x3\.3\.", r"\1.Branch_1.Conv2d_0c_7x1."),
    (r"^(Mixed_7a)\.branch7x7x3\.4\.", r"\1.Branch_1.Conv2d_1a_3x3."),
    (r"^(Mixed_7b)\.branch3x3\.2\.b\.", r"\1.Branch_1.Conv2d_0b_3x1."),
    (r"branch1x1\.", "Branch_0.Conv2d_0a_1x1."),
    (r"branch5x5\.1\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch5x5\.2\.", "Branch_1.Conv2d_0b_5x5."),
    (r"branch3x3dbl\.1\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch3x3dbl\.2\.", "Branch_2.Conv2d_0b_3x3."),
    (r"branch3x3dbl\.3\.a\.", "Branch_2.Conv2d_0c_1x3."),
    (r"branch3x3dbl\.3\.b\.", "Branch_2.Conv2d_0d_3x1."),
    (r"branch3x3dbl\.3\.", "Branch_2.Conv2d_0c_3x3."),
    (r"branch3x3\.1\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch3x3\.2\.a\.", "Branch_1.Conv2d_0b_1x3."),
    (r"branch3x3\.2\.b\.", "Branch_1.Conv2d_0c_3x1."),
    (r"branch7x7\.1\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch7x7\.2\.", "Branch_1.Conv2d_0b_1x7."),
    (r"branch7x7\.3\.", "Branch_1.Conv2d_0c_7x1."),
    (r"branch7x7dbl\.1\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch7x7dbl\.2\.", "Branch_2.Conv2d_0b_7x1."),
    (r"branch7x7dbl\.3\.", "Branch_2.Conv2d_0c_1x7."),
    (r"branch7x7dbl\.4\.", "Branch_2.Conv2d_0d_7x1."),
    (r"branch7x7dbl\.5\.", "Branch_2.Conv2d_0e_1x7."),
    (r"branch_pool\.proj\.", "Branch_3.Conv2d_0b_1x1."),
    (r"^AuxLogits\.conv0\.", "AuxLogits.Conv2d_1b_1x1."),
    (r"^AuxLogits\.conv1\.", "AuxLogits.Conv2d_2a_5x5."),
    (r"^AuxLogits\.fc\.", "AuxLogits.Conv2d_2b_1x1."),
    (r"^fc\.", "Logits.Conv2d_1c_1x1."),
    (r"^", "InceptionV3."),
)
