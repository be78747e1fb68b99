"""PyTorch's names of earlier years, for `googlenet check`."""

from collections.abc import Sequence

from common.tools.check.old_names import OldNames


def adapt(source: str) -> Sequence[str]:  # noqa: ARG001
    """Renames arguments of layers; PyTorch's have kept theirs."""
    return ()


OLD_NAMES = OldNames(
    title="PyTorch",
    aliases={"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "np": "numpy"},
    namespaces=("torch.nn",),
    modules={"torch.legacy.nn": "torch.nn"},
    adapt=adapt,
)
