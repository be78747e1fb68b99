"""Finds the image files in a folder and its sub-folders, and counts other files by suffix."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from common.data.images import SUFFIXES

# The first bytes of files of the formats in `images.FORMATS`; WebP is recognised in
# `begins_as_image`.
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"P5", b"P6")
# Folders that operating systems and programs add.
SYSTEM = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"}
# Suffixes that cannot belong to an image, so that the file need not be opened.
OTHER_SUFFIXES = {".txt", ".csv", ".json", ".xml", ".md", ".pdf", ".zip", ".mp4", ".avi", ".npy"}


@dataclass
class ImageFiles:
    """Image files, sorted, and the number of other files by suffix."""

    images: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def find_images(folder: Path) -> ImageFiles:
    """The images in a folder and its sub-folders.

    Hidden files and folders are ignored, and so are those that systems add. Links to folders are
    followed, but no folder is read twice, and none that contains `folder`. A file whose suffix is
    not that of an image is still one if it begins as one.
    """
    files, seen, unread = ImageFiles(), {os.path.realpath(folder)}, [str(folder)]
    while unread:
        with os.scandir(unread.pop()) as entries:
            for entry in entries:
                if is_hidden(entry.name):
                    continue
                if entry.is_dir():
                    if is_new(entry, folder, seen):
                        unread.append(entry.path)
                elif entry.is_file():
                    add(files, Path(entry.path))
    files.images.sort()
    return files


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or was added by an operating system."""
    return name[0] == "." or name in SYSTEM or name == "Thumbs.db"


def is_new(entry: os.DirEntry, folder: Path, seen: set[str]) -> bool:
    """Whether a folder has not been read yet and does not contain `folder`; adds it to `seen`."""
    target = os.path.realpath(entry.path)
    if target in seen or f"{os.path.realpath(folder)}/".startswith(f"{target}/"):
        return False
    seen.add(target)
    return True


def add(files: ImageFiles, path: Path) -> None:
    """Adds a file to the images, or counts it with the other files."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or (suffix not in OTHER_SUFFIXES and begins_as_image(path)):
        files.images.append(path)
    else:
        files.others[suffix or "no suffix"] += 1


def begins_as_image(path: Path) -> bool:
    """Whether the first bytes of a file are those of an image that can be read."""
    try:
        with open(path, "rb") as file:
            start = file.read(12)
    except OSError:
        return False
    return start.startswith(SIGNATURES) or (start[:4] == b"RIFF" and start[8:] == b"WEBP")
