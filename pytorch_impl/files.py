"""Writes PyTorch's own weights files, state dicts; `common/files` reads them without PyTorch.

There is no such file for Paddle, whose files `common/files` writes as well, without Paddle.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from numpy.typing import NDArray


def write(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes arrays as a state dict."""
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)
