"""Data sets are read as they are or refused with a one-line error; batches are reproducible."""

import gzip
import tracemalloc

import numpy as np
import pytest
from idx_files import idx, write_mnist
from PIL import Image

from common.data.augment import Augment, augmented
from common.data.datasets import Record
from common.data.folder import hashed, open_folder
from common.data.loader import Loader
from common.data.sources import open_data
from common.errors import DataError, UsageError
from common.spec.preprocess import SQUEEZE


def write_images(folder, counts):
    """Writes class folders with the given numbers of one-colour images."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (9, 7), (number * 20, 0, 0)).save(folder / name / f"{number}.png")


def test_the_digits_are_split_once_and_for_all():
    data = open_data("digits")
    assert (len(data.train), len(data.test), data.classes[3]) == (1437, 360, "3")
    assert np.bincount(data.test.labels).min() >= 20
    assert np.asarray(data.test.read(0)).max() == 255


@pytest.mark.parametrize(
    ("pack", "ending"), [(bytes, ""), (gzip.compress, ".gz")], ids=["plain", "gz"]
)
def test_mnist_is_read_packed_or_not(tmp_path, pack, ending):
    write_mnist(tmp_path, pack=pack, ending=ending)
    data = open_data(f"mnist:{tmp_path}")
    assert data.classes == ("0", "1", "2")
    np.testing.assert_array_equal(data.train.labels, [0, 1, 2, 1])
    np.testing.assert_array_equal(np.asarray(data.test.read(1)), [[6, 7, 8], [9, 10, 11]])


def test_emnists_letters_are_turned_and_counted_from_0(tmp_path):
    write_mnist(tmp_path, "emnist-letters-", (1, 2, 3, 1), test="test")
    data = open_data(f"mnist:{tmp_path}")
    assert len(data.classes) == 3
    np.testing.assert_array_equal(np.asarray(data.train.read(0)), [[0, 3], [1, 4], [2, 5]])


def test_broken_idx_files_are_named(tmp_path):
    write_mnist(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    for content, fault in {
        whole[:-1]: "23 bytes",
        b"\x1f\x8b" + whole: "cannot be read",
        b"xx" + whole: "not an IDX",
        b"": "not",
    }.items():
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"^{path}: .*{fault}"):
            open_data(f"mnist:{tmp_path}")
    path.write_bytes(idx(np.zeros((3, 2, 3))))
    with pytest.raises(DataError, match=r"3 images, and .*: 4 labels"):
        open_data(f"mnist:{tmp_path}")


def test_no_more_is_unpacked_than_a_header_announces(tmp_path):
    write_mnist(tmp_path, pack=gzip.compress, ending=".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(np.zeros((4, 2, 3))) + bytes(50_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="25 bytes, but the header"):
            open_data(f"mnist:{tmp_path}")
        path.write_bytes(gzip.compress(bytes([0, 0, 8, 3, 0, 1, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0])))
        with pytest.raises(DataError, match="the header declares"):
            open_data(f"mnist:{tmp_path}")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_only_ordinary_files_are_read(tmp_path):
    write_mnist(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.unlink()
    path.symlink_to("/dev/null")
    with pytest.raises(DataError, match="not a regular file"):
        open_data(f"mnist:{tmp_path}")


def test_a_folder_in_two_parts_or_in_one(tmp_path):
    for part, count in {"train": 5, "val": 2}.items():
        write_images(tmp_path / "two" / part, {"cat": count, "ant": count})
    write_images(tmp_path / "one", {"cat": 10, "ant": 5})
    two, one = (open_data(f"folder:{tmp_path / name}") for name in ("two", "one"))
    assert two.classes == one.classes == ("ant", "cat")
    assert (len(two.train), len(two.test)) == (10, 4)
    assert np.bincount(one.test.labels).min() >= 1
    assert np.bincount(one.train.labels).min() >= 1
    names = {split.name(i) for split in (one.train, one.test) for i in range(len(split))}
    assert len(names) == 15


def list_names(folder, share=0.2):
    """The names of the training images and of the test images."""
    data = open_folder(folder, share)
    return set(data.train.contents), set(data.test.contents)


def test_no_image_moves_when_others_come_or_go(tmp_path):
    for name in ("ant", "cat"):
        (tmp_path / name).mkdir()
        for number in range(40):
            (tmp_path / name / f"{number:03}.png").touch()
    train, test = list_names(tmp_path)
    assert 8 <= len(test) <= 24
    for number in range(20):
        (tmp_path / "cat" / f"{number:03}.png").unlink()
        (tmp_path / "ant" / f"a{number}.png").touch()
    fewer = list_names(tmp_path)
    assert not fewer[0] & test
    assert not fewer[1] & train
    assert list_names(tmp_path, 0.4)[1] > fewer[1]


def test_an_image_is_drawn_alike_on_every_machine():
    assert hashed("cat/1.png") == pytest.approx(0.893535, abs=1e-6)
    assert hashed("cat\udcff/1.png") == pytest.approx(
        0.159936, abs=1e-6
    )  # a byte that is not UTF-8


@pytest.mark.parametrize(("share", "tested"), [(0.0, 1), (0.999, 2)])
def test_every_class_has_an_image_of_each_kind(tmp_path, share, tested):
    write_images(tmp_path, {"ant": 3, "cat": 3})
    data = open_folder(tmp_path, share)
    assert np.bincount(data.test.labels).tolist() == [tested, tested]
    assert np.bincount(data.train.labels).tolist() == [3 - tested, 3 - tested]


def test_what_is_not_in_a_record_is_in_no_split(tmp_path):
    for part, count in {"train": 3, "val": 2}.items():
        write_images(tmp_path / part, {"ant": count, "cat": count})
    record = Record(
        train=("train/ant/0.png", "train/cat/2.png"), test=("val/ant/1.png", "val/cat/7.png")
    )
    data = open_folder(tmp_path, 0.2, record)
    assert data.train.contents == record.train
    assert data.train.name(1) == str(tmp_path / "train" / "cat" / "2.png")
    assert data.test.contents == ("val/ant/1.png",)
    assert data.train.labels.tolist() == [0, 1]
    assert len(data.unused) == 10 - 3
    assert "val/cat/0.png" in data.unused


@pytest.mark.parametrize(
    ("counts", "fault"),
    [
        ({"train/a": 2, "train/b": 2}, "train found without val or test"),
        ({"a": 2}, "1 class folders"),
        ({"a": 2, "b": 0}, "b: this class folder contains no images"),
        (
            {"train/a": 1, "train/b": 1, "val/a": 1, "val/c": 1},
            "class b is in train but not in val",
        ),
        ({"a": 1, "b": 9}, "too few"),
    ],
    ids=["no val", "one class", "empty class", "other classes", "too few"],
)
def test_folders_that_cannot_be_used(tmp_path, counts, fault):
    write_images(tmp_path, counts)
    with pytest.raises(DataError, match=fault):
        open_data(f"folder:{tmp_path}")


@pytest.mark.parametrize("source", ["digit", "mnist:", "digits:x", "coco:/tmp"])
def test_unknown_sources(source):
    with pytest.raises(UsageError, match="digits"):
        open_data(source)


def test_a_broken_image_is_named(tmp_path):
    write_images(tmp_path, {"a": 4, "b": 4})
    (tmp_path / "a" / "2.png").write_bytes(b"no image")
    data = open_data(f"folder:{tmp_path}")
    loaders = [
        Loader(split=split, input=(3, 8, 8), size=2, how=SQUEEZE)
        for split in (data.train, data.test)
    ]
    with pytest.raises(DataError, match=r"a/2\.png"):
        [list(loader.in_order()) for loader in loaders]


DIGITS = open_data("digits")


def loader(**options):
    """A loader of augmented training digits."""
    augment = Augment(shift=0.2, area=0.5, flip=True)
    return Loader(
        split=DIGITS.train,
        input=(1, 16, 16),
        size=8,
        how=SQUEEZE,
        seed=3,
        augment=augment,
        **options,
    )


def test_an_epoch_is_shuffled_anew_and_yet_always_the_same():
    once, again, next_one = (next(loader().epoch(number)) for number in (1, 1, 2))
    np.testing.assert_array_equal(once.x, again.x)
    assert not np.array_equal(once.labels, next_one.labels)
    assert loader().steps == 1437 // 8


def test_an_epoch_goes_on_where_it_was_left_and_in_shares():
    batches = loader().epoch(1)
    third = [next(batches) for _ in range(3)][2]
    batches.close()
    shares = [next(loader().epoch(1, 2, rank, 2)) for rank in (0, 1)]
    np.testing.assert_array_equal(third.x, np.concatenate([share.x for share in shares]))
    assert third.x.min() >= -1
    assert third.x.max() <= 1


def test_in_order_every_image_comes_once():
    batches = list(Loader(split=DIGITS.test, input=(1, 8, 8), size=32, how=SQUEEZE).in_order())
    np.testing.assert_array_equal(np.concatenate([b.labels for b in batches]), DIGITS.test.labels)
    whole = (np.asarray(DIGITS.test.read(33), np.float32) - np.float32(127.5)) / np.float32(127.5)
    np.testing.assert_array_equal(batches[1].x[1, 0], whole)


def test_the_part_cut_out_is_as_large_as_said():
    image = Image.new("L", (40, 30))
    for number in range(200):
        part = augmented(image, Augment(area=0.5), np.random.default_rng(number))
        assert part.width * part.height >= 0.5 * 1200 - 40
        assert 0.7 < part.width / part.height < 1.4 or part.size == image.size


def test_too_large_a_batch_is_refused():
    with pytest.raises(DataError, match="smaller --batch"):
        Loader(split=DIGITS.test, input=(1, 8, 8), size=500, how=SQUEEZE).check()
