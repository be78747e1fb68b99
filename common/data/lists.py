"""Lists of images: text files whose lines have the path of an image and its class."""

import csv
import re
from pathlib import Path

from common.data.datasets import DataSet, Record
from common.data.folder import Images, from_paths
from common.data.splits import one_of_each, split_of
from common.errors import DataError

SUFFIXES = (".txt", ".lst", ".csv", ".tsv", "")
LONGEST = 100_000_000  # bytes of a list


def open_list(location: Path, val_split: float, record: Record | None = None) -> DataSet:
    """The data set in a list or in a folder of lists; images are decoded when they are read."""
    folder, splits = read_lists(location)
    return from_paths(f"list:{location}", folder, splits, val_split, record)


def read_lists(location: Path) -> tuple[Path, dict[str, Images]]:
    """The folder that paths are relative to, and the images of each split in the lists.

    `location` is a list, or a folder with a list for each split, such as `train.txt` and
    `val_list.txt`. A single list has no splits: its images are returned under the name "".
    """
    if location.is_file():
        return location.parent, {"": read_list(location)}
    if not location.is_dir():
        raise DataError(f"{location}: no such file or directory")
    named = [
        (split, path)
        for path in sorted(location.iterdir())
        if path.suffix.lower() in SUFFIXES and path.is_file()
        if (split := split_of(re.sub(r"[ _-]?(list|labels?|images)$", "", path.stem.lower())))
    ]
    if not named:
        raise DataError(f"{location}: no list of images named after a split, such as train.txt")
    splits = {split: read_list(path) for split, path in one_of_each(location, named).items()}
    seen: dict[Path, str] = {}
    for split, images in splits.items():
        for image in (path for paths in images.values() for path in paths):
            if image in seen:
                raise DataError(f"{location}: {image} is in {seen[image]} and in {split}")
            seen[image] = split
    return location, splits


def read_list(path: Path) -> Images:
    """The images of each class; classes that are numbers are in the order of the numbers."""
    if path.stat().st_size > LONGEST:
        raise DataError(f"{path}: larger than {LONGEST:,} bytes; not a list of images")
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as text ({error})") from None
    by_class: dict[str, list[Path]] = {}
    seen, first = set(), ""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        image, kind = split_line(path, number, line)
        first = first or kind
        if image in seen:
            raise DataError(f"{path}: line {number}: {image} is listed twice")
        seen.add(image)
        by_class.setdefault(kind, []).append(path.parent / image)
    if are_titles(by_class.get(first, [])):
        del by_class[first]
    if len(by_class) < 2:
        raise DataError(f"{path}: {len(by_class)} classes; there must be two or more")
    numbers = all(kind.isascii() and kind.isdigit() for kind in by_class)
    return {kind: sorted(by_class[kind]) for kind in sorted(by_class, key=int if numbers else None)}


def are_titles(images: list[Path]) -> bool:
    """Whether the images of the first line's class are only the title of a column."""
    return len(images) == 1 and not images[0].suffix and not images[0].exists()


def split_line(path: Path, number: int, line: str) -> tuple[str, str]:
    """The image and the class in a line, separated by a comma, a tab or the last space."""
    if path.suffix.lower() == ".csv":
        fields = next(csv.reader([line]), [])
    else:
        fields = line.strip().rsplit("\t" if "\t" in line.strip() else None, 1)
    fields = [field.strip() for field in fields]
    if len(fields) != 2 or not all(fields) or "\0" in line:
        raise DataError(
            f"{path}: line {number}: expected the path of an image and its class, separated by "
            f"{'a comma' if path.suffix.lower() == '.csv' else 'a space or a tab'}; "
            f"found {len(fields)} fields"
        )
    return fields[0], fields[1]
