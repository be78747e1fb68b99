"""Image preprocessing, as used when the weights were trained.

Mismatched preprocessing is the most common reason for different results.
"""

from dataclasses import dataclass, replace
from typing import Literal

Three = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """The way an image is resized to the input's rows x columns, and its values are normalised.

    `fit` is one of three ways:

    - `squeeze` resizes the image without keeping its aspect ratio.
    - `crop` resizes it, with its aspect ratio kept, until its shorter side is the input's divided
      by `share`, and takes the central crop.
    - `middle` takes a central crop of the fraction `share` of each side, and resizes that.

    `bilinear` and `bicubic` are Pillow's, with antialiasing: every pixel counts when an image
    shrinks. `points` is bilinear without antialiasing, as in PyTorch's `interpolate`: it uses the
    four pixels around each point, does not round, and always resizes the whole image.

    Values are from 0 to 1, with channels in `order`; `mean` is subtracted, and the result is
    divided by `deviation`, the standard deviation. A grey image has one channel, and uses the means
    of the three numbers. `source` is where the method comes from.
    """

    name: str
    source: str
    fit: Literal["squeeze", "crop", "middle"] = "squeeze"
    share: float = 1.0
    resample: Literal["bilinear", "bicubic", "points"] = "bilinear"
    mean: Three = (0.5, 0.5, 0.5)
    deviation: Three = (0.5, 0.5, 0.5)
    order: Literal["RGB", "BGR"] = "RGB"

    def resizing_text(self, rows: int, columns: int) -> str:
        """A description of how an image becomes rows x columns, and where the method comes from."""
        size, side = f"{rows}x{columns}", round(min(rows, columns) / self.share)
        ways = {
            "squeeze": f"resized to {size}",
            "crop": f"shorter side to {side}, central {size}",
            "middle": f"central {self.share:.1%} resized to {size}",
        }
        resample = "bilinear without antialiasing" if self.resample == "points" else self.resample
        return f"{ways[self.fit]}, {resample} ({self.source})"

    def value_text(self) -> str:
        """A description of the range of values, or each channel's mean and standard deviation."""
        ranges = {((0.5,) * 3, (0.5,) * 3): "-1 to 1", ((0.0,) * 3, (1.0,) * 3): "0 to 1"}
        if (self.mean, self.deviation) in ranges:
            return f"{self.order} from {ranges[self.mean, self.deviation]}"
        less, by = (", ".join(f"{n:.3g}" for n in three) for three in (self.mean, self.deviation))
        return f"{self.order} from 0 to 1, minus {less}, divided by {by}"


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
BYTE = 1 / 255

SQUEEZE = Preprocess(name="squeeze", source="PyTorch tutorials, keras.applications")
UNIT = Preprocess(
    name="unit", source="d2l.ai, section 8.4", mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0)
)
# torch-fidelity differs slightly: it places the points as TensorFlow 1 does, and computes
# (byte - 128) / 128.
FID = Preprocess(name="fid", source="pytorch-fid", resample="points")
TORCHVISION = Preprocess(
    name="torchvision",
    source="torchvision, paddle.vision",
    fit="crop",
    share=0.875,  # 224 of 256, and 299 of 342
    mean=IMAGENET_MEAN,
    deviation=IMAGENET_DEVIATION,
)
# torchvision's GoogLeNet and Inception v3 renormalise their input (`transform_input`). This is for
# the specs without that layer: it gives the values that the layer would.
TRANSFORMED = Preprocess(
    name="transformed", source="torchvision's after transform_input", fit="crop", share=0.875
)
SLIM = Preprocess(
    name="slim", source="TF-Slim's inception_preprocessing", fit="middle", share=0.875
)
TIMM = Preprocess(
    name="timm", source="timm's inception_v4", fit="crop", share=299 / 341, resample="bicubic"
)
TIMM_WIDE = Preprocess(
    name="timm_wide",
    source="timm's Inception-ResNet and Xception",
    fit="crop",
    share=299 / 333,
    resample="bicubic",
)
CAFFE = Preprocess(
    name="caffe",
    source="Caffe's bvlc_googlenet",
    fit="crop",
    share=0.875,
    mean=(104 / 255, 117 / 255, 123 / 255),
    deviation=(BYTE, BYTE, BYTE),
    order="BGR",
)
BN_INCEPTION = replace(
    CAFFE,
    name="bn_inception",
    source="pretrainedmodels' bninception",
    mean=(104 / 255, 117 / 255, 128 / 255),
)
# For images that already show only a face: (byte - 127.5) / 128.
FACENET = Preprocess(
    name="facenet", source="facenet-pytorch", deviation=(128 / 255, 128 / 255, 128 / 255)
)

PREPROCESSES = {
    each.name: each
    for each in (
        SQUEEZE,
        UNIT,
        TORCHVISION,
        TRANSFORMED,
        SLIM,
        TIMM,
        TIMM_WIDE,
        CAFFE,
        BN_INCEPTION,
        FID,
        FACENET,
    )
}
