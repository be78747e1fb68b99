"""Zip archives whose members cannot exceed their declared sizes or the budget for unpacking."""

import re
import zipfile
from pathlib import Path

from common.errors import DataError
from common.files.budget import LONGEST_NAME, Budget

# An archive ends with a record of 22 bytes and a comment; a large one has 76 bytes before them.
LONGEST_END = 22 + 65_536 + 76
MAX_LISTED = 4_000_000  # bytes of the list of members, of which PyTorch needs 100 per member
END, LARGE_END = rb"PK\x05\x06", rb"PK\x06\x06"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """An open zip archive and the remaining budget for unpacking it."""

    def __init__(self, path: Path, budget: Budget) -> None:
        check_list(path)
        self.file = zipfile.ZipFile(path)
        self.budget = budget
        self.names = self.file.namelist()
        budget.take_operations(len(self.names))

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, name: str) -> bytes:
        """The bytes of a member."""
        member = self.file.getinfo(name)
        if member.compress_type not in METHODS or member.flag_bits & 1:
            raise zipfile.BadZipFile(
                f"{name[:LONGEST_NAME]} is encrypted, or uses an unsupported compression method"
            )
        if member.compress_type == zipfile.ZIP_STORED and member.file_size > member.compress_size:
            raise zipfile.BadZipFile(f"{name[:LONGEST_NAME]} is shorter than its declared size")
        self.budget.take_bytes(member.file_size)
        # `read` is given the declared size; without it, the whole member would be unpacked.
        with self.file.open(member) as file:
            return file.read(member.file_size)


def check_list(path: Path) -> None:
    """Raises DataError if an archive lists more members than any weights file has."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_END))
        end = file.read()
    # All records are checked, since any of them may be the one used to open the archive.
    listed = [int.from_bytes(end[at.end() + 8 :][:4], "little") for at in re.finditer(END, end)]
    ends = re.finditer(LARGE_END, end)
    large = [int.from_bytes(end[at.end() + 36 :][:8], "little") for at in ends]
    if large:
        listed = [size for size in listed if size != 2**32 - 1]
    if max(listed + large, default=0) > MAX_LISTED:
        raise DataError(f"{path}: the archive has too many members for a weights file")
