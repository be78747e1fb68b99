"""CIFAR-10 and CIFAR-100 in the forms in which they are published, and broken files of them."""

import gzip
import io
import pickle
import tarfile

import numpy as np
import pytest

from common.data.sources import open_data
from common.errors import DataError
from common.training.defaults import default_table

LABELS = np.arange(4, dtype=np.uint8)
COLOURS = np.random.default_rng(0).integers(0, 255, (4, 3072)).astype(np.uint8)
NAMES = ["airplane", "automobile", "bird", "cat"]


def python_10(protocol, text=str.encode):
    """The files of CIFAR-10 for Python; `text` makes keys and names as Python 2 or 3 has them."""
    batch = {text("data"): COLOURS, text("labels"): [0, 1, 2, 3], text("filenames"): ["a"] * 4}
    names = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
    files = {name: pickle.dumps(batch, protocol) for name in (*names, "test_batch")}
    meta = {text("label_names"): [text(name) for name in NAMES]}
    return files | {"batches.meta": pickle.dumps(meta, protocol)}


def binary_100():
    """The files of CIFAR-100 in binary: a coarse and a fine label before each image."""
    rows = np.hstack([np.full((4, 1), 9, np.uint8), LABELS[:, None], COLOURS]).tobytes()
    names = "\n".join(NAMES).encode()
    return {"train.bin": rows, "test.bin": rows, "fine_label_names.txt": names}


def python_100():
    """The files of CIFAR-100 for Python."""
    batch = {b"data": COLOURS, b"fine_labels": [0, 1, 2, 3], b"coarse_labels": [9] * 4}
    files = {name: pickle.dumps(batch, 2) for name in ("train", "test")}
    return files | {"meta": pickle.dumps({b"fine_label_names": NAMES}, 2)}


def binary_10():
    """The files of CIFAR-10 in binary, without class names."""
    rows = np.hstack([LABELS[:, None], COLOURS]).tobytes()
    return {f"data_batch_{n}.bin": rows for n in range(1, 6)} | {"test_batch.bin": rows}


CIFARS = {
    "10 in python 2": (python_10(2), 20, NAMES),
    "10 in python 3": (python_10(4, str), 20, NAMES),
    "10 in binary": (binary_10(), 20, list("0123")),
    "100 in python": (python_100(), 4, NAMES),
    "100 in binary": (binary_100(), 4, NAMES),
}


def write_files(folder, files):
    """Writes these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("kind", CIFARS)
def test_cifar_in_every_form(tmp_path, kind):
    files, count, names = CIFARS[kind]
    write_files(tmp_path / "cifar-x", files)
    archive = tmp_path / "x.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "cifar-x", "cifar-x")
    for place in (tmp_path / "cifar-x", tmp_path, archive):
        data = open_data(f"cifar:{place}")
        assert (len(data.train), len(data.test)) == (count, 4)
        assert list(data.classes) == names
        assert data.test.labels.tolist() == [0, 1, 2, 3]
        pixels = COLOURS[2].reshape(3, 32, 32).transpose(1, 2, 0)
        np.testing.assert_array_equal(np.asarray(data.test.read(2)), pixels)


def test_small_colour_images_are_enlarged_whole(tmp_path):
    write_files(tmp_path, binary_10())
    table = default_table("googlenet", open_data(f"cifar:{tmp_path}"), aux=False)
    assert (table["channels"], table["image_size"], table["preprocess"]) == (3, 48, "squeeze")
    assert table["augment"] == {"shift": 0.08, "flip": True}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"data_batch_3": None}, "data_batch_3: no such file"),
        ({"test_batch": pickle.dumps([1])}, "test_batch: it does not hold a dict"),
        ({"test_batch": pickle.dumps({"data": 1, "labels": [1]})}, "test_batch: its `data` is no"),
        ({"test_batch": pickle.dumps({"data": COLOURS, "labels": [1]})}, r"of shape \(4, 3072\)"),
        ({"test_batch": pickle.dumps({"data": COLOURS, "labels": [-1] * 4})}, "class numbers"),
        ({"test_batch": b"\x80\x04"}, "test_batch: not a valid pickle"),
        ({"batches.meta": pickle.dumps({"label_names": NAMES[:2]})}, "4 classes, but 2 names"),
        ({"batches.meta": pickle.dumps({"label_names": 1})}, "not a list of names"),
        ({"test_batch": None}, "no files of CIFAR"),
    ],
)
def test_broken_files_of_cifar_are_named(tmp_path, changed, fault):
    files = {name: content for name, content in (python_10(4) | changed).items() if content}
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=rf"^{tmp_path}: .*{fault}"):
        open_data(f"cifar:{tmp_path}")


def test_nothing_in_a_pickle_of_cifar_is_executed(tmp_path):
    mark = tmp_path / "executed"
    evil = b"cos\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR."
    write_files(tmp_path / "c", python_10(4) | {"test_batch": evil})
    with pytest.raises(DataError, match="test_batch"):
        open_data(f"cifar:{tmp_path / 'c'}")
    assert not mark.exists()


def test_an_archive_is_unpacked_only_up_to_a_limit(tmp_path):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        member = tarfile.TarInfo("test.bin")
        member.size = 2_000_000
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    content = gzip.decompress(path.read_bytes())
    huge = content.replace(b"%011o" % 2_000_000, b"%011o" % 2_000_000_000, 1)
    sums = sum(huge[:148]) + 8 * 32 + sum(huge[156:512])
    path.write_bytes(gzip.compress(huge[:148] + b"%06o\0 " % sums + huge[156:]))
    with pytest.raises(DataError, match="unpacks to more than 1,000,000,000 bytes"):
        open_data(f"cifar:{path}")
    path.write_bytes(gzip.compress(content)[:100])
    with pytest.raises(DataError, match="cannot be read as an archive"):
        open_data(f"cifar:{path}")
