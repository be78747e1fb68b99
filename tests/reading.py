"""Measures how fast a folder of photographs is read at 224 x 224, and with how much memory.

`python tests/reading.py [IMAGES]` reads the two photographs as 500 x 375 JPEGs, linked under that
many names.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from common.data.augment import Augment
from common.data.images import photographs
from common.data.loader import Loader
from common.data.sources import open_data
from common.spec.preprocess import TORCHVISION

BATCH = 16


def write_images(folder: Path, count: int) -> None:
    """Writes two classes of one photograph each, linked under other names."""
    for number, path in enumerate(photographs()):
        kind = folder / f"class{number}"
        kind.mkdir()
        Image.open(path).resize((500, 375)).save(kind / "0.jpg", quality=90)
        for name in range(1, count // 2):
            (kind / f"{name}.jpg").hardlink_to(kind / "0.jpg")


def main(count: int) -> None:
    """Reads an epoch; at each tenth, prints its speed and the peak memory so far."""
    with tempfile.TemporaryDirectory() as box:
        write_images(Path(box), count)
        split = open_data(f"folder:{box}", 2 / count).train
        augment = Augment(area=0.08, flip=True)
        loader = Loader(
            split=split, input=(3, 224, 224), size=BATCH, how=TORCHVISION, seed=0, augment=augment
        )
        began, tenth = time.perf_counter(), max(1, loader.steps // 10)
        for number, _ in enumerate(loader.epoch(0), 1):
            if number % tenth == 0:
                speed = number * BATCH / (time.perf_counter() - began)
                most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                print(f"{number * BATCH:,} images: {speed:.0f} a second, {most} MB", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
