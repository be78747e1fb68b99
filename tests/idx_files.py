"""MNIST's file format, for the tests."""

import numpy as np


def idx(array):
    """The content of an IDX file that holds an array of bytes."""
    shape = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + shape + array.astype(np.uint8).tobytes()


def write_mnist(folder, prefix="", labels=(0, 1, 2, 1), test="t10k", pack=bytes, ending=""):
    """Writes an MNIST data set of four images per part, each different from its transpose."""
    images = np.arange(4 * 6).reshape(4, 2, 3)
    for part in ("train", test):
        stem = folder / f"{prefix}{part}"
        for name, array in {"images-idx3": images, "labels-idx1": np.array(labels)}.items():
            (stem.parent / f"{stem.name}-{name}-ubyte{ending}").write_bytes(pack(idx(array)))
