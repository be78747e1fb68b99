"""Splits and images in folders as people have them: usual names, hidden parts, links, suffixes."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from cli import googlenet
from PIL import Image

from common.data import folder as folders
from common.data.folder import open_folder
from common.data.image_files import find_images
from common.data.splits import split_of
from common.errors import DataError


def write_images(folder, *classes, count=3, suffix=".png", format=None):
    """Writes class folders with the given number of images each."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for n in range(count):
            image = Image.new("RGB", (9, 7), (number, n, 0))
            image.save(folder / name / f"{n}{suffix}", format=format)


def counts(data):
    """The number of images in each split."""
    return {name: len(split) for name, split in data.splits.items()}


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Training", "train"), ("training_set", "train"), ("seg_train", "train"),
        ("Valid", "val"), ("validation", "val"), ("dev set", "val"),
        ("Testing", "test"), ("TEST_SET", "test"), ("seg_test", "test"),
        ("trains", None), ("cats", None), ("settest", None),
    ],
)  # fmt: skip
def test_usual_names_mean_a_split(name, split):
    assert split_of(name) == split


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (["Training", "Testing"], {"train": 6, "test": 6}),
        (["train", "valid"], {"train": 6, "test": 6}),
        (["train", "val", "test"], {"train": 6, "val": 6, "test": 6}),
        (["seg_train/seg_train", "seg_test/seg_test"], {"train": 6, "test": 6}),
    ],
)
def test_two_splits_or_three(tmp_path, folders, splits):
    for folder in folders:
        write_images(tmp_path / folder, "cat", "dog")
    data = open_folder(tmp_path, 0.2)
    assert counts(data) == splits
    assert data.classes == ("cat", "dog")
    assert data.selection is (data.val or data.test)


@pytest.mark.parametrize(
    ("folders", "fault"),
    [
        (["Training", "train", "test"], "Training and train are both train"),
        (["Testing", "validation"], "found without train"),
        (["2020", "2021"], "contain the same sub-folders"),
    ],
)
def test_splits_are_never_taken_for_classes(tmp_path, folders, fault):
    for folder in folders:
        write_images(tmp_path / folder, "cat", "dog")
    with pytest.raises(DataError, match=fault):
        open_folder(tmp_path, 0.2)


@pytest.mark.parametrize(("lacks", "has"), [("val", "train"), ("train", "val")])
def test_a_class_that_one_split_lacks_is_named_with_the_split(tmp_path, lacks, has):
    for split in ("train", "val"):
        write_images(tmp_path / split, "bird", "cat", "dog")
    shutil.rmtree(tmp_path / lacks / "bird")
    with pytest.raises(DataError, match=f"class bird is in {has} but not in {lacks}"):
        open_folder(tmp_path, 0.2)


@pytest.mark.parametrize("hidden", [".ipynb_checkpoints", "__MACOSX", "@eaDir", ".git/objects"])
def test_hidden_folders_are_left_out(tmp_path, hidden):
    write_images(tmp_path, "cat", f"cat/{hidden}", "dog")
    assert counts(open_folder(tmp_path, 0.2)) == {"train": 4, "test": 2}


def test_linked_folders_are_entered_once_and_loops_never(tmp_path):
    write_images(tmp_path / "pets", "cat", "dog")
    write_images(tmp_path, "disk", count=5)
    (tmp_path / "pets" / "cat" / "more").symlink_to(tmp_path / "disk")
    (tmp_path / "pets" / "cat" / "again").symlink_to(tmp_path / "disk")
    (tmp_path / "pets" / "cat" / "up").symlink_to(tmp_path / "pets")
    (tmp_path / "disk" / "round").symlink_to(tmp_path / "disk")
    assert len(find_images(tmp_path / "pets" / "cat").images) == 3 + 5


@pytest.mark.parametrize(("suffix", "format"), [(".jfif", "JPEG"), ("", "PNG"), (".x", "WEBP")])
def test_contents_decide_where_a_suffix_is_unusual(tmp_path, suffix, format):
    write_images(tmp_path, "cat", suffix=suffix, format=format)
    assert len(find_images(tmp_path / "cat").images) == 3


def test_files_that_are_not_images_are_counted_by_suffix(tmp_path):
    write_images(tmp_path, "cat", "dog")
    for name in ("a.heic", "b.HEIC", "list.txt", "noise"):
        (tmp_path / "cat" / name).write_bytes(b"other")
    assert open_folder(tmp_path, 0.2).others == {".heic": 2, ".txt": 1, "no suffix": 1}
    printed = googlenet("data", f"folder:{tmp_path}")
    assert "files that are not images: 2 .heic, 1 .txt, 1 no suffix" in printed
    assert "test: choosing the best weights, and evaluation" in printed


def test_a_folder_with_other_files_only_names_them(tmp_path):
    write_images(tmp_path, "cat", "dog")
    shutil.rmtree(tmp_path / "dog")
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "a.heic").write_bytes(b"other")
    with pytest.raises(DataError, match=r"dog: .* no images .* its files: 1 \.heic"):
        open_folder(tmp_path, 0.2)


def test_many_files_are_listed_by_their_names_alone(tmp_path, monkeypatch):
    """A file with a usual suffix is not opened to be listed."""
    (tmp_path / "cat").mkdir()
    for number in range(20):
        (tmp_path / "cat" / f"{number}.jpg").touch()

    def fail(*_):
        raise AssertionError("opened")

    monkeypatch.setattr("common.data.image_files.begins_as_image", fail)
    assert len(find_images(tmp_path / "cat").images) == 20


def test_small_images_of_every_class_stay_apart(tmp_path):
    write_images(tmp_path / "train", "cat", "dog")
    write_images(tmp_path / "val", "cat", "dog", count=2)
    write_images(tmp_path / "test", "cat", "dog", count=1)
    data = open_folder(tmp_path, 0.2)
    assert np.bincount(data.val.labels).tolist() == [2, 2]
    assert {name.split("/")[0] for name in data.val.contents} == {"val"}
    assert {name.split("/")[0] for name in data.test.contents} == {"test"}


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        ("pets", "pets/cats/1.png", "cats/1.png"),
        (".", "cats/1.png", "cats/1.png"),
        ("/", "/cats/1.png", "cats/1.png"),
        ("pets", "pets-2/cats/1.png", "pets-2/cats/1.png"),
        ("pets", "/elsewhere/1.png", "/elsewhere/1.png"),
    ],
)
def test_an_images_name_is_relative_to_the_folder_that_contains_it(folder, path, expected):
    assert folders.name(Path(folder), Path(path)) == expected
