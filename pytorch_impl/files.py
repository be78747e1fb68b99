"""PyTorch's own weights files: a state dict, read without executing anything in it."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from numpy.typing import NDArray

from common.errors import DataError


def read(path: Path) -> dict[str, NDArray]:
    """The tensors of a state dict as arrays; raises DataError for anything but tensors."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        first = str(error).split(". ")[0]
        raise DataError(f"{path}: refused, since it holds more than tensors ({first})") from None
    except Exception as error:
        # A broken file can raise nearly anything.
        raise DataError(f"{path}: not a sound PyTorch file ({error})") from None
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict) or not all(torch.is_tensor(v) for v in found.values()):
        raise DataError(f"{path}: not a state dict, tensors by name; save net.state_dict()")
    try:
        return {str(name): tensor.detach().contiguous().numpy() for name, tensor in found.items()}
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: holds tensors that are no plain arrays ({error})") from None


def write(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes arrays as a state dict."""
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)
