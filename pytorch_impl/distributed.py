"""Training one network in several processes, with DistributedDataParallel."""

from collections.abc import Callable
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from pytorch_impl.build import Network

TIMEOUT = timedelta(seconds=120)  # after which a missing process is an error


class Group:
    """A group of `size` processes that train one network, each on its own part of every batch.

    Environment variables give each process its rank. Batch statistics are per process (no SyncBN);
    the running statistics of the first process are saved.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def data_parallel(self, net: Network) -> Callable[[Tensor], dict[str, Tensor]]:
        """The network's function from a batch to its outputs by name.

        With several processes, its backward pass averages the gradients over them.
        """
        if self.size == 1:
            return net.outputs
        copy = DistributedDataParallel(net)
        return lambda x: copy(x) if net.plan.heads else {net.plan.spec.output: copy(x)}

    def mean(self, *numbers: float) -> list[float]:
        """The mean of each number over the processes."""
        found = torch.tensor(numbers, dtype=torch.float64)
        if self.size > 1:
            dist.all_reduce(found)
        return (found / self.size).tolist()


def join(size: int) -> Group:
    """Joins the group of `size` processes; call it before PyTorch computes anything."""
    if size > 1:
        on_cpu = torch.get_default_device().type == "cpu"
        dist.init_process_group("gloo" if on_cpu else "nccl", timeout=TIMEOUT)
    return Group(size)
