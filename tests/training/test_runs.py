"""A run resumes with the classes and images that it began with, or reports what has changed."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from cli import call, googlenet
from conftest import require
from narrow import narrow_module
from PIL import Image
from runs import train

from common.errors import DataError
from common.jobs.frameworks import FRAMEWORKS
from common.training.folder import begin
from common.training.record import open_for_training, read_recipe

assert narrow_module  # a fixture

pytestmark = pytest.mark.xdist_group("runs")  # most tests copy one run

COLOURS = {"blue": (0, 0, 255), "green": (0, 255, 0), "red": (255, 0, 0)}
OPTIONS = ("--steps", 2)


def write_colours(folder, names, count=9):
    """Writes a folder of noisy images in each colour, under these names."""
    for name, colour in zip(names, COLOURS.values(), strict=True):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            noise = np.random.default_rng([number, *colour]).normal(0, 60, (12, 12, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder with a run of two steps on three colours, and with their images."""
    folder = tmp_path_factory.mktemp("colours")
    write_colours(folder / "data", COLOURS)
    train(folder / "run", "--data", f"folder:{folder / 'data'}", *OPTIONS)
    return folder


@pytest.fixture
def here(begun, tmp_path):
    """A copy of that run and its data, with links to weights and states, which nothing changes."""

    def copy(source, target):
        (os.link if source.endswith(".safetensors") else shutil.copy2)(source, target)

    shutil.copytree(begun, tmp_path, dirs_exist_ok=True, copy_function=copy)
    for name in ("recipe.toml", "split.json"):
        path = tmp_path / "run" / name
        path.write_text(path.read_text().replace(str(begun), str(tmp_path)))
    return tmp_path


def opened(here):
    """The run's data, and lines that report what has changed."""
    return open_for_training(here / "run", read_recipe(here / "run"))


def evaluate(here, data="data", framework="numpy", code=0):
    """The scores of the run on a folder, or the line that refuses the folder."""
    words = "evaluate", here / "run", "--data", f"folder:{here / data}", "-f", framework, "--json"
    found = googlenet(*words, code=code)
    return found if code else json.loads(found)


@pytest.mark.parametrize("framework", [*FRAMEWORKS, "numpy"])
def test_labels_are_found_by_the_names_of_the_classes(here, framework):
    """The first class is not in the data; the others keep their places in the network."""
    if framework != "numpy":
        require(framework)
    whole = evaluate(here, framework=framework)
    shutil.copytree(here / "data", here / "two")
    shutil.rmtree(here / "two" / "blue")
    part = evaluate(here, "two", framework)
    assert part["confusion"] == [[0, 0, 0], *whole["confusion"][1:]]
    assert whole["scored"] == whole["classes"] == part["classes"] == list(COLOURS)
    assert part["scored"] == ["green", "red"]


def test_a_part_of_the_classes_is_said_to_be_one(here):
    shutil.rmtree(here / "data" / "blue")
    told = googlenet("evaluate", here / "run", "--data", f"folder:{here / 'data'}", "-f", "numpy")
    images = sum(not name.startswith("blue/") for name in split(here)["test"])
    assert f"{images} images, 2 of 3 classes: top-1" in told
    assert not any(line.split()[:1] == ["blue"] for line in told.splitlines())


def test_classes_that_a_run_does_not_know_are_refused(here):
    write_colours(here / "renamed", ("azul", "rojo", "red"))
    line = evaluate(here, "renamed", code=4)
    assert (
        "the weights do not know its classes azul, rojo; the classes of the weights are blue, "
        "green, red" in line
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda data: (data / "blue").rename(data / "azul"), "missing: blue; new: azul"),
        (lambda data: shutil.rmtree(data / "blue"), "missing: blue;"),
        (lambda data: shutil.copytree(data / "red", data / "rot"), "new: rot;"),
    ],
    ids=["renamed", "removed", "added"],
)
def test_a_run_goes_on_with_its_own_classes_alone(here, change, fault):
    change(here / "data")
    source = ("--data", f"folder:{here / 'data'}")
    line = train(here / "run", *source, *OPTIONS, "--resume", code=4)
    assert f"its classes differ from those of the run in {here / 'run'}: {fault}" in line


def test_plain_numbers_are_names_too(here):
    for number, name in enumerate(COLOURS):
        (here / "data" / name).rename(here / "data" / str(number))
    shutil.move(here / "data", here / "numbers")
    classes = here / "run" / "classes.json"
    classes.write_text('["0", "1", "2"]')
    straight = evaluate(here, "numbers")
    classes.write_text('["2", "1", "0"]')
    assert evaluate(here, "numbers")["confusion"] == straight["confusion"][::-1]
    classes.unlink()  # like weights, whose classes have no names
    assert evaluate(here, "numbers")["confusion"] == straight["confusion"]


def split(here):
    """The run's record of its images."""
    return json.loads((here / "run" / "split.json").read_text())


def test_an_image_that_was_trained_on_is_never_scored(here):
    """Without its test images, a class would be tested on its smallest hash, a training image."""
    tested = [name for name in split(here)["test"] if name.startswith("red/")]
    for name in tested:
        (here / "data" / name).unlink()
    found = evaluate(here)
    assert found["images"] == len(split(here)["test"]) - len(tested)
    assert not any(found["confusion"][2])
    [line] = opened(here)[1]
    assert f"removed since the run began, so not tested: {', '.join(tested)}" in line


def test_new_images_are_neither_trained_nor_tested_with(here):
    scores, contents = evaluate(here), split(here)
    for number in range(20):
        shutil.copy(here / "data" / "red" / "0.png", here / "data" / "red" / f"new{number}.png")
    assert evaluate(here) == scores
    data, [line] = opened(here)
    assert [list(data.train.contents), list(data.test.contents)] == [
        contents["train"],
        contents["test"],
    ]
    assert "added since the run began, so not used: red/new0.png" in line


def test_missing_training_images_are_named_unless_they_were_skipped(here):
    gone = split(here)["train"][0]
    (here / "data" / gone).unlink()
    with pytest.raises(DataError, match=f"missing: {gone}; restore them or start a new run"):
        opened(here)
    skipped = json.dumps({str(here / "data" / gone): "broken"})
    (here / "run" / "skipped.json").write_text(skipped)
    opened(here)


def test_a_run_without_a_record_is_split_as_it_was(here):
    """The split depends on each image's number in its class, as before there were records."""
    (here / "run" / "split.json").unlink()
    data, _ = opened(here)
    assert np.bincount(data.test.labels).tolist() == [2, 2, 2]
    order = np.random.default_rng(crc32(b"red")).permutation(9)
    numbers = [Path(name).stem for name in data.test.contents if name.startswith("red/")]
    assert numbers == [str(number) for number in sorted(order[:2])]


def test_arrays_are_known_by_their_checksum(here):
    recipe = replace(read_recipe(here / "run"), data="digits", channels=1, classes=10)
    begin(here / "digits", recipe, {})
    open_for_training(here / "digits", recipe)
    path = here / "digits" / "split.json"
    path.write_text(path.read_text().replace("1437 images", "1436 images"))
    with pytest.raises(DataError, match="missing: 1436 images with checksum"):
        open_for_training(here / "digits", recipe)


def test_weights_alone_do_not_know_what_they_were_trained_with(here):
    weights = here / "run" / "checkpoints" / "last.safetensors"
    told = call("evaluate", weights, "--data", f"folder:{here / 'data'}", "-f", "numpy")[2]
    assert "evaluate the run's folder" in told


def test_names_of_classes_reach_a_terminal_as_escapes(here):
    names = ["\x1b[31mred\x07", "\u202eold", "\udcff"]
    (here / "run" / "classes.json").write_text(json.dumps(names))
    picture = here / "data" / "red" / "0.png"
    told = googlenet("predict", here / "run", picture, "-f", "numpy", "--top", 3)
    for shown in ("\\x1b[31mred\\x07", "\\u202eold", "\\xff"):
        assert shown in told
    assert all(character.isprintable() or character == "\n" for character in told)
