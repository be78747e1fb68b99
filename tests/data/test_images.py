"""Images of every kind are converted to the same kind of batch."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from common.data import images
from common.errors import DataError, UsageError
from common.spec.preprocess import FID, SQUEEZE, TORCHVISION

RED = (255, 0, 0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "picture.png"


def read_pixels(path, input):
    """One image as C x H x W in [-1, 1]."""
    return images.batch([path], input, SQUEEZE)[0]


def first_pixel(path, channels=3):
    """The image's top left pixel as the networks see it, rounded to whole numbers in [-1, 1]."""
    return read_pixels(path, (channels, 4, 6))[:, 0, 0].round().tolist()


def test_the_two_photographs_are_there():
    batch = images.batch(images.photographs(), (3, 224, 224), SQUEEZE)
    assert batch.shape == (2, 3, 224, 224)
    assert batch.dtype == np.float32
    assert -1 <= batch.min() < -0.9
    assert 0.9 < batch.max() <= 1
    assert batch.flags.c_contiguous


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("RGB", RED), ("RGBA", (*RED, 255)), ("CMYK", (0, 255, 255, 0)), ("P", 1)],
)
def test_red_is_red_in_every_mode(tmp_path, mode, colour):
    picture = Image.new(mode, (9, 7), colour)
    if mode == "P":
        picture.putpalette([0, 0, 0, *RED])
    path = tmp_path / ("picture.jpg" if mode == "CMYK" else "picture.png")
    picture.save(path)
    assert first_pixel(path) == [1, -1, -1]


def test_grey_has_three_equal_channels_or_one(path):
    Image.new("L", (9, 7), 255).save(path)
    assert first_pixel(path) == [1, 1, 1]
    assert first_pixel(path, channels=1) == [1]


def test_sixteen_bits_keep_their_brightness(path):
    Image.fromarray(np.full((7, 9), 32768, np.uint16)).save(path)
    assert read_pixels(path, (1, 4, 6))[0, 0, 0] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("largest", "bits", "factor"),
    [(256, 10, 64), (1023, 10, 64), (1024, 12, 16), (4095, 12, 16), (16383, 14, 4)],
)
def test_fewer_bits_in_sixteen_are_noticed(path, largest, bits, factor):
    Image.fromarray(np.full((7, 9), largest, np.uint16)).save(path)
    wanted = f"values up to {largest}, as from a camera with {bits} bits.* by {factor},"
    with pytest.raises(DataError, match=wanted):
        read_pixels(path, (1, 4, 6))


@pytest.mark.parametrize("largest", [1, 218, 255])
def test_eight_bits_in_sixteen_are_read_as_they_are(path, largest):
    Image.fromarray(np.full((7, 9), largest, np.uint16)).save(path)
    assert np.asarray(images.open_image(path)).max() == largest


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_grey_without_a_white_is_refused(tmp_path, kind):
    Image.fromarray(np.ones((7, 9), kind)).save(tmp_path / "grey.tiff")
    with pytest.raises(DataError, match="whose white is unknown"):
        read_pixels(tmp_path / "grey.tiff", (3, 4, 6))


def test_what_shines_through_is_white(path):
    Image.new("RGBA", (9, 7), (*RED, 0)).save(path)
    assert first_pixel(path) == [1, 1, 1]


def test_a_turned_photograph_is_set_upright(tmp_path):
    picture = Image.new("RGB", (40, 20), RED)
    picture.paste((0, 0, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert first_pixel(tmp_path / "turned.jpg") == [1, -1, -1]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "unsupported image format"),
        (b"hello", "unsupported image format"),
        (None, "no such file"),
    ],
)
def test_what_is_no_image_is_refused(path, content, told):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=told):
        read_pixels(path, (3, 4, 6))


def test_a_truncated_image_is_refused(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match="not usable as an image"):
        read_pixels(path, (3, 4, 6))


def test_a_huge_image_is_refused_before_it_is_decoded(path):
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(DataError, match="pixels"):
        read_pixels(path, (3, 4, 6))


def test_a_long_image_is_refused(path):
    Image.new("1", (1_000_001, 1)).save(path)
    with pytest.raises(DataError, match="no side longer"):
        read_pixels(path, (3, 4, 6))


@pytest.mark.parametrize("size", [(30_000, 1), (1, 30_000)], ids=["wide", "high"])
def test_a_line_of_pixels_is_not_enlarged_before_it_is_cropped(size, monkeypatch):
    made, resize = [], Image.Image.resize

    def noted(image, size, *more):
        made.append(size)
        return resize(image, size, *more)

    monkeypatch.setattr(Image.Image, "resize", noted)
    image = Image.new("RGB", size, RED)
    assert images.to_input(image, (3, 224, 224), TORCHVISION).shape == (3, 224, 224)
    assert made == [(224, 224)]
    tracemalloc.start()
    images.to_input(Image.new("RGB", (size[0] * 20, size[1])), (3, 224, 224), FID)
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


def test_the_part_that_is_cropped_is_the_same_either_way(monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 300, 3), np.uint8)
    for image in (Image.fromarray(pixels), Image.fromarray(pixels.transpose(1, 0, 2))):
        whole = np.asarray(images.fit_image(image, 20, 20, TORCHVISION), int)
        with monkeypatch.context() as patch:
            patch.setattr(images, "MAX_ENLARGED", 0)
            part = np.asarray(images.fit_image(image, 20, 20, TORCHVISION), int)
        assert np.abs(part - whole).max() <= 1


def test_points_are_the_same_in_either_order(monkeypatch):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 30, 3), np.uint8))
    whole = images.to_input(image, (3, 20, 20), FID)
    monkeypatch.setattr(images, "MAX_ENLARGED", 0)
    np.testing.assert_allclose(images.to_input(image, (3, 20, 20), FID), whole, atol=1e-5)


@pytest.mark.parametrize("kind", ["/dev/null", "folder"])
def test_only_ordinary_files_are_images(tmp_path, kind):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="not a regular file"):
        read_pixels(tmp_path / kind, (3, 4, 6))


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(DataError, match=r"not usable as an image|not an image"):
        read_pixels(tmp_path, (3, 4, 6))


def test_five_channels_are_no_picture(path):
    with pytest.raises(UsageError, match="1 or 3 channels"):
        images.batch([path], (5, 4, 6), SQUEEZE)
