"""The names of our arrays in each format: regular expressions, applied in turn to our names."""

from common.networks.inception_v4 import inception_v4

Rules = tuple[tuple[str, str], ...]

MIXED_V3 = [
    f"Mixed_{name}" for name in ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"]
]
LAYERS_V4 = list(inception_v4(0).body.layers)[:-2]

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

# Caffe numbers the arrays of a layer; those of batch norm are scale, shift, mean and variance.
CAFFE_BLOBS: Rules = (
    (r"\.weight$", "/0"),
    (r"\.bias$", "/1"),
    (r"\.running_mean$", "/2"),
    (r"\.running_var$", "/3"),
)
CAFFE_V1: Rules = (
    (r"^conv1\.conv", "conv1/7x7_s2"),
    (r"^conv2\.conv", "conv2/3x3_reduce"),
    (r"^conv3\.conv", "conv2/3x3"),
    (r"^inception(..)\.", r"inception_\1/"),
    (r"branch1\.conv", "1x1"),
    (r"branch2\.0\.conv", "3x3_reduce"),
    (r"branch2\.1\.conv", "3x3"),
    (r"branch3\.0\.conv", "5x5_reduce"),
    (r"branch3\.1\.conv", "5x5"),
    (r"branch4\.1\.conv", "pool_proj"),
    (r"^fc\.", "loss3/classifier."),
    (r"^aux(.)\.conv\.conv", r"loss\1/conv"),
    (r"^aux(.)\.fc1", r"loss\1/fc"),
    (r"^aux(.)\.fc2", r"loss\1/classifier"),
)
CAFFE_V2: Rules = (
    (r"^conv1\.", "conv1/7x7_s2."),
    (r"^conv2\.", "conv2/3x3_reduce."),
    (r"^conv3\.", "conv2/3x3."),
    (r"^inception(..)\.", r"inception_\1/"),
    (r"branch1\.", "1x1."),
    (r"branch2\.0\.", "3x3_reduce."),
    (r"branch2\.1\.", "3x3."),
    (r"branch3\.0\.", "double_3x3_reduce."),
    (r"branch3\.([12])\.", r"double_3x3_\1."),
    (r"branch4\.1\.", "pool_proj."),
    (r"\.conv\.", "."),
    (r"\.bn\.", "_bn."),
)
UNDERSCORES: Rules = ((r"/", "_"),)
# Caffe2's names for the same arrays, which the ONNX model zoo kept.
ONNX_ZOO: Rules = ((r"/0$", "_w_0"), (r"/1$", "_b_0"))

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

# Our branches are chains of layers; the published code has flat names: branch3x3dbl_3a.
FLAT: Rules = (
    (r"\.(\d)\.([ab])\.", r".\1\2."),
    (r"\.(branch\w+)\.(\d[ab]?)\.", r".\1_\2."),
)
TORCHVISION_V3: Rules = ((r"branch_pool\.proj", "branch_pool"), *FLAT)

PADDLECLAS_V3: Rules = (
    (r"^Conv2d_", "inception_stem.conv_"),
    *((f"^{name}\\.", f"inception_block_list.{number}.") for number, name in enumerate(MIXED_V3)),
    (r"branch_pool\.proj", "branch_pool_conv"),
    *FLAT,
    *PADDLE_NORM,
)
PADDLE_VISION_V3: Rules = (*PADDLECLAS_V3, (r"\.conv\.", ".0."), (r"\.bn\.", ".1."))

# The name of every classifier in the package pretrainedmodels.
LAST_LINEAR: Rules = ((r"^(fc|classif)\.", "last_linear."),)

TIMM_V4: Rules = (
    *((f"(^Mixed_7[bcd].*\\.branch[12])\\.{n}\\.([ab])\\.", rf"\1_{n}\2.") for n in "13"),
    (r"(^Mixed_7[bcd]\.branch[12])\.(\d)\.", r"\1_\2."),
    *((f"^{name}\\.", f"features.{number}.") for number, name in enumerate(LAYERS_V4)),
    (r"^fc\.", "last_linear."),
)

TIMM_RESNET_V2: Rules = (
    (r"\.residual\.branch\.(branches\.)?", "."),
    (r"^block35\.", "repeat."),
    (r"^block17\.", "repeat_1."),
    (r"^block8\.([0-8])\.", r"repeat_2.\1."),
    (r"^block8\.9\.", "block8."),
)

FACENET: Rules = (
    (r"\.residual\.branch\.(branches\.)?", "."),
    (r"^block35\.", "repeat_1."),
    (r"^block17\.", "repeat_2."),
    (r"^block8\.([0-4])\.", r"repeat_3.\1."),
    (r"^block8\.5\.", "block8."),
    (r"^classif\.", "logits."),
)

TIMM_XCEPTION: Rules = (
    (r"\.depthwise\.", ".conv1."),
    (r"\.branch\.", ".rep."),
    (r"\.shortcut\.conv\.", ".skip."),
    (r"\.shortcut\.bn\.", ".skipbn."),
    (r"^(conv\d)\.conv\.", r"\1."),
    (r"^conv(\d)\.bn\.", r"bn\1."),
)
