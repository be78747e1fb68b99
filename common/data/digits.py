"""scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, 360 of them for testing."""

import numpy as np
from sklearn.datasets import load_digits

from common.data.datasets import DataSet, split_of_arrays

TEST_IMAGES = 360


def open_digits() -> DataSet:
    """The digits, always split in the same way, with values scaled from 0..16 to 0..255."""
    dataset = load_digits()
    images = np.round(dataset.images * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(images))
    indices = {"test": np.sort(order[:TEST_IMAGES]), "train": np.sort(order[TEST_IMAGES:])}
    splits = {
        split: split_of_arrays(f"digits, {split} image", images[chosen], dataset.target[chosen])
        for split, chosen in indices.items()
    }
    names = tuple("0123456789")
    return DataSet(
        source="digits",
        classes=names,
        channels=1,
        train=splits["train"],
        test=splits["test"],
        small=True,
        flips=False,
    )
