"""Training one network in several processes, with paddle.DataParallel."""

from collections.abc import Callable

import paddle
import paddle.distributed as dist
from paddle import Tensor

from paddle_impl.build import Network


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
        copy = paddle.DataParallel(net)
        return lambda x: copy(x) if net.plan.heads else {net.plan.spec.output: copy(x)}

    def mean(self, *numbers: float) -> list[float]:
        """The mean of each number over the processes."""
        found = paddle.to_tensor(numbers, dtype="float64")
        if self.size > 1:
            dist.all_reduce(found)
        return (found / self.size).tolist()


def join(size: int) -> Group:
    """Joins the group of `size` processes; call it before Paddle computes anything."""
    if size > 1:
        dist.init_parallel_env()
    return Group(size)
