"""The names of our arrays in TF-Slim's checkpoints: scopes, some of them misnumbered there."""

from common.tools.zoo.renaming import Rules

# TF-Slim letters its modules one letter after the paper's, so that 3a is Mixed_3b, and begins a new
# number with a module that halves the feature map, so that 3c is Mixed_4a.
MIXED_V2 = dict(
    zip(
        ["3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"],
        [f"Mixed_{name}" for name in ["3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b", "5c"]],
        strict=True,
    )
)

# TF-Slim's names for the parts of a convolution, in all of its networks.
SLIM_PARTS: Rules = (
    (r"\.bn\.weight$", ".BatchNorm.gamma"),
    (r"\.conv\.weight$|\.weight$", ".weights"),
    (r"\.bn\.bias$", ".BatchNorm.beta"),
    (r"\.bn\.running_mean$", ".BatchNorm.moving_mean"),
    (r"\.bn\.running_var$", ".BatchNorm.moving_variance"),
    (r"\.bias$", ".biases"),
    (r"\.", "/"),
)
# Variables that training leaves in a checkpoint besides the weights.
SLIM_EXTRA = (
    r"global_step|beta[12]_power|train_op/.*|.*/(RMSProp.*|Momentum|Adam.*|Adagrad|Adadelta.*"
    r"|Ftrl.*|ExponentialMovingAverage)"
)

SLIM_V1: Rules = (
    (r"^conv1\.", "Conv2d_1a_7x7."),
    (r"^conv2\.", "Conv2d_2b_1x1."),
    (r"^conv3\.", "Conv2d_2c_3x3."),
    # The paper's 3a is TF-Slim's Mixed_3b, and so on; this scope has the letter a in place of b.
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

# TF-Slim's scopes in Inception v3 are lettered in order, with mistakes in Mixed_5c, 6a and 7b.
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


def chain(modules: str, branch: int, *scopes: str) -> Rules:
    """Rules for a branch of these modules: one scope per layer, or only one for a single layer."""
    inner = [rf"\.{number}" for number in range(len(scopes))] if len(scopes) > 1 else [""]
    return tuple(
        (rf"^({modules})\.branch{branch}{path}\.", rf"\1.Branch_{branch}.Conv2d_{scope}.")
        for path, scope in zip(inner, scopes, strict=True)
    )


SLIM_V4: Rules = (
    (r"^Mixed_3a\.conv\.", "Mixed_3a.Branch_1.Conv2d_0a_3x3."),
    *chain("Mixed_4a|Mixed_7a", 0, "0a_1x1", "1a_3x3"),
    *chain("Mixed_4a|Mixed_7a", 1, "0a_1x1", "0b_1x7", "0c_7x1", "1a_3x3"),
    (r"^Mixed_5a\.conv\.", "Mixed_5a.Branch_0.Conv2d_1a_3x3."),
    *chain("Mixed_5.", 1, "0a_1x1", "0b_3x3"),
    *chain("Mixed_5.", 2, "0a_1x1", "0b_3x3", "0c_3x3"),
    *chain("Mixed_6a", 0, "1a_3x3"),
    *chain("Mixed_6a", 1, "0a_1x1", "0b_3x3", "1a_3x3"),
    *chain("Mixed_6.", 1, "0a_1x1", "0b_1x7", "0c_7x1"),
    *chain("Mixed_6.", 2, "0a_1x1", "0b_7x1", "0c_1x7", "0d_7x1", "0e_1x7"),
    (r"\.branch1\.1\.a\.", ".Branch_1.Conv2d_0b_1x3."),
    (r"\.branch1\.1\.b\.", ".Branch_1.Conv2d_0c_3x1."),
    (r"\.branch2\.3\.a\.", ".Branch_2.Conv2d_0d_1x3."),
    (r"\.branch2\.3\.b\.", ".Branch_2.Conv2d_0e_3x1."),
    (r"\.branch1\.0\.", ".Branch_1.Conv2d_0a_1x1."),
    *chain("Mixed_7.", 2, "0a_1x1", "0b_3x1", "0c_1x3"),
    *chain("Mixed_..", 0, "0a_1x1"),
    (r"\.branch3\.1\.", ".Branch_3.Conv2d_0b_1x1."),
    (r"^AuxLogits\.conv0\.", "AuxLogits.Conv2d_1b_1x1."),
    (r"^AuxLogits\.conv1\.", "AuxLogits.Conv2d_2a."),
    (r"^AuxLogits\.fc\.", "AuxLogits.Aux_logits."),
    (r"^fc\.", "Logits.Logits."),
    (r"^", "InceptionV4."),
)

# TF-Slim numbers repeated blocks from 1; the last block8 is outside of the repetition.
SLIM_RESNET_V2: Rules = (
    (r"\.residual\.branch\.(branches\.)?", "."),
    (r"^block8\.9\.", "Block8."),
    *((rf"^(block\d+)\.{number}\.", rf"\1_{number + 1}.") for number in range(20)),
    (r"^block35_", "Repeat.block35_"),
    (r"^block17_", "Repeat_1.block17_"),
    (r"^block8_", "Repeat_2.block8_"),
    (r"\.conv2d\.", ".Conv2d_1x1."),
    (r"^mixed_", "Mixed_"),
    *chain("Mixed_6a", 0, "1a_3x3"),
    *chain("Mixed_6a", 1, "0a_1x1", "0b_3x3", "1a_3x3"),
    *chain("Mixed_7a", 0, "0a_1x1", "1a_3x3"),
    *chain("Mixed_7a", 1, "0a_1x1", "1a_3x3"),
    *chain("Mixed_7a", 2, "0a_1x1", "0b_3x3", "1a_3x3"),
    *chain("Mixed_5b", 1, "0a_1x1", "0b_5x5"),
    *chain(r"Repeat\.\w+", 1, "0a_1x1", "0b_3x3"),
    *chain(r"Repeat_1\.\w+", 1, "0a_1x1", "0b_1x7", "0c_7x1"),
    *chain(r"Repeat_2\.\w+|Block8", 1, "0a_1x1", "0b_1x3", "0c_3x1"),
    *chain(r".+", 2, "0a_1x1", "0b_3x3", "0c_3x3"),
    *chain(r".+", 0, "1x1"),
    (r"\.branch3\.1\.", ".Branch_3.Conv2d_0b_1x1."),
    (r"^conv2d_(1a|2a|2b|4a)\.", r"Conv2d_\1_3x3."),
    (r"^conv2d_(3b|7b)\.", r"Conv2d_\1_1x1."),
    (r"^AuxLogits\.conv0\.", "AuxLogits.Conv2d_1b_1x1."),
    (r"^AuxLogits\.conv1\.", "AuxLogits.Conv2d_2a_5x5."),
    (r"^AuxLogits\.fc\.", "AuxLogits.Logits."),
    (r"^classif\.", "Logits.Logits."),
    (r"^", "InceptionResnetV2."),
)
