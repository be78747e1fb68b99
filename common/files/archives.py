"""Zip archives whose members are never larger than they say, nor more than a file may unpack to."""

import re
import zipfile
from pathlib import Path

from common.errors import DataError
from common.files.budget import LONGEST_NAME, Budget

# How an archive ends: a record of 22 bytes and a comment, before it 76 where it is large.
LONGEST_END = 22 + 65_536 + 76
MOST_LISTED = 4_000_000  # bytes of an archive's list of its members; PyTorch's take 100 for each
END, LARGE_END = rb"PK\x05\x06", rb"PK\x06\x06"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """An open zip and what may still be unpacked out of it."""

    def __init__(self, path: Path, budget: Budget) -> None:
        check_list(path)
        self.file = zipfile.ZipFile(path)
        self.budget = budget
        self.names = self.file.namelist()
        budget.take_steps(len(self.names))

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, name: str) -> bytes:
        """The bytes of a member."""
        member = self.file.getinfo(name)
        if member.compress_type not in METHODS or member.flag_bits & 1:
            raise zipfile.BadZipFile(f"{name[:LONGEST_NAME]} is encrypted, or packed in a rare way")
        if member.compress_type == zipfile.ZIP_STORED and member.file_size > member.compress_size:
            raise zipfile.BadZipFile(f"{name[:LONGEST_NAME]} is shorter than it says")
        self.budget.take_bytes(member.file_size)
        # Without a number of bytes it would be unpacked whole, however little it says to be.
        with self.file.open(member) as file:
            return file.read(member.file_size)


def check_list(path: Path) -> None:
    """Raises DataError where an archive has more members to list than any file of weights."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_END))
        end = file.read()
    # Whichever of the records is believed when the archive is opened.
    listed = [int.from_bytes(end[at.end() + 8 :][:4], "little") for at in re.finditer(END, end)]
    ends = re.finditer(LARGE_END, end)
    large = [int.from_bytes(end[at.end() + 36 :][:8], "little") for at in ends]
    if large:
        listed = [size for size in listed if size != 2**32 - 1]
    if max(listed + large, default=0) > MOST_LISTED:
        raise DataError(f"{path}: an archive of far more members than a file of weights has")
