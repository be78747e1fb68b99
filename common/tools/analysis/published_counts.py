"""Published parameter counts, each with its source and the parts that it counts.

This is the only place for them: `summary --explain` shows them, and the tests check every
framework against them.
"""

from dataclasses import dataclass

BACKBONE, CLASSIFIER, HEADS = "backbone", "classifier", "heads"
BARE, HEADLESS, WHOLE = (BACKBONE,), (BACKBONE, CLASSIFIER), (BACKBONE, CLASSIFIER, HEADS)


@dataclass(frozen=True)
class PublishedCount:
    """A published count of the parameters in some parts, and its source, `whose`.

    With `buffers`, it includes the running statistics.
    """

    number: int
    whose: str
    parts: tuple[str, ...]
    buffers: bool = False


TABLE_1 = (
    PublishedCount(5_973_552, 'table 1 without classifier, the "about 6M"', BARE),
    PublishedCount(6_998_552, "including the classifier (usual count)", HEADLESS),
    PublishedCount(13_378_280, "with both auxiliary heads, as the tutorials count", WHOLE),
)
TORCHVISION = (
    PublishedCount(6_624_904, "torchvision: parameters(), without heads and statistics", HEADLESS),
    PublishedCount(13_004_888, "torchvision with aux_logits=True", WHOLE),
)
SLIM = "TF-Slim's own test: no logits, including running statistics"
ALL, LEARNED = "all stored values", "trainable parameters"
V3 = (
    PublishedCount(23_834_568, "torchvision, timm: parameters(), without head", HEADLESS),
    PublishedCount(27_161_264, "torchvision with aux_logits=True", WHOLE),
)
XCEPTION = PublishedCount(22_855_952, "timm: parameters()", HEADLESS)
PUBLISHED = {
    "googlenet": TABLE_1,
    "googlenet.paper": TABLE_1,
    # Caffe's bvlc_googlenet equals googlenet.paper in every layer; its initial values differ.
    "googlenet.caffe": (
        *TABLE_1[:2],
        PublishedCount(
            13_378_280, "Caffe's bvlc_googlenet.caffemodel; all as in googlenet.paper", WHOLE
        ),
    ),
    "googlenet.paddle": TABLE_1,
    "googlenet.d2l": (
        PublishedCount(5_977_530, "Dive into Deep Learning: 1 channel, 10", HEADLESS),
    ),
    "googlenet.slim": (PublishedCount(5_607_184, SLIM, BARE, True),),
    "googlenet.torchvision": TORCHVISION,
    "googlenet.torchvision.input": TORCHVISION,
    "googlenet.paddle_vision": (
        PublishedCount(
            11_535_736, "paddle.vision: parameters(), heads always there, no biases", WHOLE
        ),
    ),
    "inception_v2": (
        PublishedCount(11_194_984, "by arithmetic; the paper says 13.6 million", HEADLESS),
    ),
    "inception_v2.slim": (PublishedCount(10_173_112, SLIM, BARE, True),),
    "inception_v2.caffe": (
        PublishedCount(11_295_240, "pretrainedmodels' bninception: parameters()", HEADLESS),
    ),
    "inception_v3": V3,
    "inception_v3.input": V3,
    "inception_v3.keras": (
        PublishedCount(23_817_352, f"keras.applications, {LEARNED}", HEADLESS),
        PublishedCount(23_851_784, f"keras.applications, {ALL}", HEADLESS, True),
        PublishedCount(21_802_784, SLIM, BARE, True),
    ),
    "inception_v3.paddle_vision": (
        PublishedCount(
            23_869_000, "paddle.vision: parameters(), including running statistics", HEADLESS, True
        ),
    ),
    "inception_v3.fid": (
        PublishedCount(21_785_568, "pytorch-fid: up to the 2048 features", BARE),
        PublishedCount(23_850_960, "its file, which classifies 1008: by arithmetic", HEADLESS),
    ),
    "inception_v4": (
        PublishedCount(42_679_816, "timm: parameters(), which has no head", HEADLESS),
    ),
    "inception_resnet_v1": (
        PublishedCount(22_775_528, "interpretation with batch norm on the projections", HEADLESS),
    ),
    "inception_resnet_v1.facenet": (
        PublishedCount(
            23_482_624, "facenet-pytorch: parameters(), up to a face's 512 numbers", BARE
        ),
        PublishedCount(27_910_327, "facenet-pytorch, pretrained='vggface2': 8631 people", HEADLESS),
    ),
    "inception_resnet_v2": (PublishedCount(55_843_464, "timm: parameters(), no head", HEADLESS),),
    "inception_resnet_v2.keras": (
        PublishedCount(55_813_192, f"keras.applications, {LEARNED}", HEADLESS),
        PublishedCount(55_873_736, f"keras.applications, {ALL}", HEADLESS, True),
    ),
    "xception": (
        XCEPTION,
        PublishedCount(22_910_480, f"keras.applications, {ALL}", HEADLESS, True),
    ),
    "xception.timm": (XCEPTION,),
}
