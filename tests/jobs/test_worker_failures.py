"""One-line errors for workers that left no answer, and for what the system refused."""

import errno
import os
import shutil

import pytest

from common.errors import DataError, system_text
from common.jobs import failure


@pytest.mark.parametrize(
    "last",
    ["RuntimeError: [enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory",
     "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor",
     "MemoryError: (ResourceExhausted) Fail to alloc memory of 8 size"],
    ids=["pytorch", "tensorflow", "paddle"],
)  # fmt: skip
def test_running_out_of_memory_is_bad_data(tmp_path, last):
    (tmp_path / "stderr").write_text(f"Traceback\n{last}\n")
    error = failure.how_it_ended("pytorch", 1, tmp_path)
    assert isinstance(error, DataError)
    assert "out of memory" in str(error)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MemoryError(), "out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
        (
            OSError(errno.ENOSPC, "No space left on device", "w.npz"),
            "w.npz: No space left on device",
        ),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (OSError(), "OSError"),
    ],
    ids=str,
)
def test_what_the_system_refuses_is_never_an_empty_line(error, text):
    assert system_text(error) == text


def test_only_the_end_of_what_a_worker_printed_is_kept(tmp_path):
    (tmp_path / "stderr").write_bytes(b"x" * 10**6 + b"\n" + b"y" * 10**6)
    failure.shorten_log(tmp_path)
    line = str(failure.how_it_ended("pytorch", 1, tmp_path))
    assert line == f"pytorch: the worker ended with status 1 and no answer ({'y' * 200})"
    os.truncate(tmp_path / "stderr", failure.MAX_LOG + 1)
    failure.shorten_log(tmp_path)
    assert (tmp_path / "stderr").stat().st_size == 0
    shutil.rmtree(tmp_path)
    assert "status 1 and no answer" in str(failure.how_it_ended("pytorch", 1, tmp_path))
