"""IDX files under any name, and Keras' archive of MNIST."""

import gzip

import numpy as np
import pytest
from test_data import idx

from common.data.sources import open_data
from common.errors import DataError

DRAW = np.random.default_rng(0)
GREY = DRAW.integers(0, 255, (4, 2, 3)).astype(np.uint8)
LABELS = np.arange(4, dtype=np.uint8)


def write_idx(folder, images, labels, pack=bytes):
    """The four files of an IDX data set; `{}` in the names stands for the split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "t10k"):
        (folder / images.format(split)).write_bytes(pack(idx(GREY)))
        (folder / labels.format(split)).write_bytes(pack(idx(LABELS)))


def compressed(content):
    """The bytes gzipped."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("images", "labels", "pack"),
    [
        ("{}-images-idx3-ubyte", "{}-labels-idx1-ubyte", compressed),
        ("{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz", bytes),
        ("{}_images.idx", "{}_labels.idx", bytes),
        ("mnist {} pictures", "mnist {} classes.bin", compressed),
        ("{}-images.idx3-ubyte", "{}-labels.idx1-ubyte", bytes),
    ],
)
def test_idx_files_are_recognised_by_their_contents(tmp_path, images, labels, pack):
    write_idx(tmp_path, images, labels, pack)
    data = open_data(f"mnist:{tmp_path}")
    assert data.classes == tuple("0123")
    np.testing.assert_array_equal(np.asarray(data.test.read(3)), GREY[3])


def test_the_only_data_set_below_a_folder_is_read(tmp_path):
    usual = "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"
    write_idx(tmp_path / "MNIST" / "raw", *usual)
    assert len(open_data(f"mnist:{tmp_path}").train) == 4
    write_idx(tmp_path / "FashionMNIST" / "raw", *usual)
    with pytest.raises(DataError, match=r"FashionMNIST/raw and MNIST/raw; name one of them"):
        open_data(f"mnist:{tmp_path}")


def test_two_data_sets_in_one_folder_are_refused_but_not_two_copies(tmp_path):
    write_idx(tmp_path, "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte")
    write_idx(tmp_path, "{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz", compressed)
    assert len(open_data(f"mnist:{tmp_path}").train) == 4
    write_idx(tmp_path, "emnist-{}-images-idx3-ubyte", "emnist-{}-labels-idx1-ubyte")
    with pytest.raises(DataError, match="are both images of the train split"):
        open_data(f"mnist:{tmp_path}")


def save_npz(path, **changed):
    """An archive such as Keras downloads."""
    parts = {"x_train": GREY, "y_train": LABELS, "x_test": GREY[:2], "y_test": LABELS[:2]}
    arrays = {name: array for name, array in (parts | changed).items() if array is not None}
    np.savez_compressed(path, **arrays)


def test_keras_archive_of_mnist(tmp_path):
    path = tmp_path / "mnist.npz"
    save_npz(path)
    data = open_data(f"mnist:{path}")
    assert (len(data.train), len(data.test)) == (4, 2)
    np.testing.assert_array_equal(np.asarray(data.train.read(2)), GREY[2])
    for changed, fault in (
        ({"y_test": None}, "no array y_test"),
        ({"x_test": GREY / 255}, r"x_test is float64 of shape \(4, 2, 3\); expected uint8"),
        ({"y_train": LABELS[:3]}, r"y_train is uint8 of shape \(3,\); expected 4 class numbers"),
        ({"y_train": LABELS.astype(object)}, "cannot be read as an .npz file"),
    ):
        save_npz(path, **changed)
        with pytest.raises(DataError, match=rf"^{path}: .*{fault}"):
            open_data(f"mnist:{path}")


@pytest.mark.parametrize(
    ("files", "hint"),
    [(("data_batch_1",), "cifar"), (("x-images-idx3-ubyte",), "mnist"), (("train.txt",), "list")],
)
def test_a_folder_of_another_kind_is_named(tmp_path, files, hint):
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=f"use {hint}:{tmp_path}"):
        open_data(f"folder:{tmp_path}")


def test_folders_beside_the_files_are_left_alone(tmp_path, monkeypatch):
    write_idx(tmp_path, "{}-images.idx3-ubyte", "{}-labels.idx1-ubyte")
    write_idx(tmp_path / "train-images-idx3-ubyte", "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte")
    assert len(open_data(f"mnist:{tmp_path}").train) == 4
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    assert len(open_data(f"mnist:~/{tmp_path.name}").train) == 4


def test_the_archive_in_a_folder_is_read(tmp_path):
    save_npz(tmp_path / "mnist.npz")
    assert len(open_data(f"mnist:{tmp_path}").train) == 4
