"""Images on the opposite background of the training images are inverted, and this is reported."""

import json
import shutil
from itertools import product

import numpy as np
import pytest
from cli import call, googlenet
from conftest import require
from narrow import narrow_module
from PIL import Image, ImageOps

from common.data.background import background, background_of, on_background
from common.data.datasets import Split, split_of_arrays
from common.data.sources import open_data
from common.files import weights
from common.tools.zoo.read_file import read_file

assert narrow_module  # a fixture

pytestmark = pytest.mark.xdist_group("background")  # many tests read one run


def drawn(ink, paper, size=64, corner=None):
    """A cross drawn in one grey value on another; `corner` is the value of one corner."""
    values = np.full((size, size), paper, np.uint8)
    values[size // 3 : size // 2, size // 8 : -size // 8] = ink
    values[size // 8 : -size // 8, size // 3 : size // 2] = ink
    if corner is not None:
        values[:6, :6] = corner
    return Image.fromarray(values)


@pytest.mark.parametrize(
    ("image", "right"),
    [
        (drawn(255, 0), "dark"),
        (drawn(0, 255), "light"),
        (drawn(20, 200, size=28), "light"),
        (drawn(255, 0, corner=255), "dark"),
        (drawn(0, 128), ""),
        (drawn(255, 0).convert("RGB"), "dark"),
        (Image.new("L", (1, 1), 255), "light"),
    ],
)
def test_the_background_is_that_of_the_corners(image, right):
    assert background_of(image) == right


def test_the_background_of_a_data_set_is_what_nearly_all_its_images_have():
    assert background(open_data("digits").train) == "dark"
    values = np.zeros((100, 8, 8), np.uint8)
    for light, right in ((5, "dark"), (6, ""), (94, ""), (95, "light"), (100, "light")):
        values[:light] = 255
        assert background(split_of_arrays("x", values, np.zeros(100))) == right


@pytest.mark.parametrize(("wanted", "changed"), [("dark", 1), ("light", 0), ("", None)])
def test_only_images_on_the_opposite_background_are_inverted(wanted, changed):
    images = [drawn(255, 0), drawn(0, 255), drawn(0, 128)]
    split = Split(np.zeros(3, np.int64), images.__getitem__, "abc".__getitem__)
    found, inverted = on_background(split, wanted)
    for number, image in enumerate(images):
        right = ImageOps.invert(image) if number == changed else image
        assert np.array_equal(found.read(number), right)
    assert inverted == ([] if changed is None else ["abc"[changed]])


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with a data set `chalk`, the same images inverted as `ink`, and a run on `chalk`."""
    here = tmp_path_factory.mktemp("background")
    for split, name, number in product(("train", "test"), "ab", range(4)):
        image = drawn(255 - number, number, 20 if name == "a" else 40)
        for data, shown in (("chalk", image), ("ink", ImageOps.invert(image))):
            folder = here / data / split / name
            folder.mkdir(parents=True, exist_ok=True)
            shown.save(folder / f"{number}.png")
    (here / "grey.toml").write_text("channels = 1\n")
    options = ("--recipe", here / "grey.toml", "--image-size", 32, "--batch", 4, "--steps", 2)
    options += ("--data", f"folder:{here / 'chalk'}", "--out", here / "run")
    googlenet("train", "googlenet", "-f", "pytorch", *options)
    return here


def test_ink_on_paper_is_classified_as_light_on_dark(here, tmp_path):
    """By the run, by its weights and by a copy of them."""
    best, copy = here / "run" / "checkpoints" / "best.safetensors", tmp_path / "copy.safetensors"
    assert weights.read(best)[1]["background"] == "dark"
    googlenet("convert", best, copy, "--network", "googlenet")
    images = [here / data / "test" / "b" / "0.png" for data in ("chalk", "ink")]
    for source in (here / "run", best, copy):
        code, out, error = call("predict", source, *images, "--json")
        assert code == 0
        chalk, ink = json.loads(out)
        assert chalk["top"] == ink["top"]
        assert f"on images with a dark background: {images[1]}\n" in error


def test_the_export_records_the_background(here, tmp_path):
    require("onnx")
    googlenet("export", "googlenet", "--weights", here / "run", "--out", tmp_path / "net.onnx")
    assert read_file(tmp_path / "net.onnx").about["background"] == "dark"


def test_another_data_set_is_inverted(here):
    own, other = (
        call("evaluate", here / "run", "--data", f"folder:{here / name}")
        for name in ("chalk", "ink")
    )
    assert "inverted" not in own[2]
    assert "0.png, " in other[2].partition("inverted")[2]
    table = [out.partition("\ndata: ")[0] for _, out, _ in (own, other)]
    assert table[0] == table[1]


def test_the_runs_own_images_are_not_inverted(here):
    """They are scored after each epoch as they are, so `evaluate` must not change them either."""
    shutil.copy(here / "ink" / "test" / "a" / "0.png", here / "chalk" / "test" / "a" / "0.png")
    code, _, error = call("evaluate", here / "run")
    assert code == 0
    assert "inverted" not in error
