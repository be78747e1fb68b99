"""Every network defines its preprocessing, and each term of it has one meaning."""

import numpy as np
import pytest
from cli import googlenet
from PIL import Image

from common.data.class_names import class_names
from common.data.images import to_input
from common.networks import NETWORKS, network
from common.spec.preprocess import (
    CAFFE,
    FID,
    PREPROCESSES,
    SLIM,
    SQUEEZE,
    TIMM,
    TORCHVISION,
    Preprocess,
)

# Red increases by 2 per column, green by 3 per row.
SLOPES = np.zeros((60, 100, 3), np.uint8)
SLOPES[..., 0], SLOPES[..., 1] = np.arange(100) * 2, np.arange(60)[:, None] * 3


def bytes_of(how, rows=12, columns=12):
    """The red and green of the input, before its values are scaled."""
    x = to_input(Image.fromarray(SLOPES), (3, rows, columns), how)
    mean, deviation = (np.array(three)[:, None, None] for three in (how.mean, how.deviation))
    red, green, _ = (x * deviation + mean) * 255
    return red, green


def spread(values, axis):
    """The first and the last value along an axis."""
    line = values.mean(axis=1 - axis)
    return line[0], line[-1]


@pytest.mark.parametrize(
    ("how", "columns", "rows"),
    [
        (SQUEEZE, (0, 100), (0, 60)),
        (TORCHVISION, (26.1, 78.3), (4.3, 55.7)),  # resized to 14 x 23 pixels, cropped to 12 x 12
        (SLIM, (6, 94), (4, 56)),
        (TIMM, (26.1, 78.3), (4.3, 55.7)),
    ],
    ids=["squeeze", "torchvision", "slim", "timm"],
)
def test_which_part_of_the_image_is_taken(how, columns, rows):
    red, green = bytes_of(how)
    for values, axis, slope, (begin, end) in ((red, 1, 2, columns), (green, 0, 3, rows)):
        step = (end - begin) / 12
        first, last = spread(values, axis)
        assert first == pytest.approx((begin + step / 2 - 0.5) * slope, abs=step * slope / 2)
        assert last == pytest.approx((end - step / 2 - 0.5) * slope, abs=step * slope / 2)


def test_values_lose_the_mean_and_are_divided_by_the_deviation():
    image = Image.new("RGB", (8, 8), (255, 0, 51))
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]
    np.testing.assert_allclose(to_input(image, (3, 8, 8), TORCHVISION)[:, 0, 0], expected, 1e-6)
    np.testing.assert_allclose(
        to_input(image, (3, 8, 8), CAFFE)[:, 0, 0], [51 - 104, -117, 255 - 123], 1e-5
    )
    grey = to_input(image.convert("L"), (1, 8, 8), TORCHVISION)
    value = np.asarray(image.convert("L"))[0, 0] / 255
    assert grey[0, 0, 0] == pytest.approx((value - 0.449) / 0.226, rel=1e-5)


def test_bicubic_is_not_bilinear():
    edge = Image.fromarray(np.repeat([[0, 0, 255, 255]], 4, axis=0).astype(np.uint8))
    cubic = to_input(edge, (1, 8, 8), Preprocess(name="", source="", resample="bicubic"))
    linear = to_input(edge, (1, 8, 8), SQUEEZE)
    assert cubic[0, 0, 3] < linear[0, 0, 3] < 0


def test_between_points_only_four_pixels_count():
    """Eight pixels become four means of two; two become four, interpolated; no others count."""
    line = Image.fromarray(np.array([[0, 10, 20, 31, 40, 50, 60, 100]], np.uint8))
    less = to_input(line, (1, 1, 4), FID)[0, 0]
    np.testing.assert_allclose((less + 1) * 127.5, [5, 25.5, 45, 80], rtol=1e-6)
    more = to_input(line.crop((0, 0, 2, 1)), (1, 1, 4), FID)[0, 0]
    np.testing.assert_allclose((more + 1) * 127.5, [0, 2.5, 7.5, 10], rtol=1e-6, atol=1e-5)
    third = to_input(Image.fromarray(SLOPES), (3, 20, 20), FID)  # the middle one of 5 columns
    np.testing.assert_allclose((third[0, 0] + 1) * 127.5, np.arange(2, 100, 5) * 2, rtol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_one_of_those_that_are_named(name):
    how = network(name).preprocess
    assert PREPROCESSES[how.name] is how


def test_a_transformed_input_is_the_same_image():
    """torchvision's two inputs for one network: ImageNet's values transformed, or from -1 to 1."""
    image = Image.fromarray(SLOPES)
    made = network("inception_v3.input")
    transform = made.body.layers["transform"]
    x = to_input(image, (3, 12, 12), made.preprocess)
    scale, shift = (np.array(three)[:, None, None] for three in (transform.scale, transform.shift))
    other = to_input(image, (3, 12, 12), network("inception_v3").preprocess)
    np.testing.assert_allclose(x * scale + shift, other, atol=1e-6)


def test_the_classes_of_imagenet():
    names = class_names(1000)
    assert (names[0], names[281], names[999]) == ("tench", "tabby", "toilet tissue")
    assert class_names(1001) == ["background", *names]
    assert class_names(3) == ["0", "1", "2"]


def test_summary_and_diff_show_it():
    assert "shorter side to 342, central 299x299, bilinear (torchvision" in googlenet(
        "summary", "inception_v3"
    )
    shown = googlenet("diff", "googlenet", "googlenet.paddle_vision")
    assert "minus 0.485, 0.456, 0.406, divided by 0.229, 0.224, 0.225" in shown


def test_an_unknown_one_is_refused():
    message = googlenet("compare", "--preprocess", "none", code=2)
    assert "squeeze, unit, torchvision" in message
