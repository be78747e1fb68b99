"""Training one network in several processes, with MultiWorkerMirroredStrategy."""

from collections.abc import Sequence

import tensorflow as tf

TIMEOUT = 120.0  # seconds after which a missing process is an error


class Group:
    """A group of `size` processes that train one network, each on its own part of every batch.

    TF_CONFIG gives each process its rank. The strategy only averages: each process has variables of
    its own, which stay equal because they start equal and take equal steps. Batch statistics are
    per process (no SyncBN); the running statistics of the first process are saved.
    """

    def __init__(self, size: int, strategy: tf.distribute.Strategy | None) -> None:
        self.size, self.strategy = size, strategy
        self.compiled_average = tf.function(self.average, autograph=False)

    def average(self, values: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        """The mean of each tensor over the processes."""
        return values if self.size == 1 else self.strategy.run(all_reduce, (values,))

    def mean(self, *numbers: float) -> list[float]:
        """The mean of each number over the processes."""
        found = self.compiled_average([tf.constant(number, tf.float64) for number in numbers])
        return [float(number) for number in found]


def join(size: int) -> Group:
    """Joins the group of `size` processes; call it before TensorFlow computes anything."""
    if size == 1:
        return Group(size, None)
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=TIMEOUT)
    return Group(size, tf.distribute.MultiWorkerMirroredStrategy(communication_options=options))


def all_reduce(values: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
    """The mean of each tensor over the processes; `strategy.run` calls this."""
    own = [tf.identity(value) for value in values]  # placed on this process's device
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, own)
