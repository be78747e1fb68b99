"""The job that computes the gradients without the auxiliary heads and with them."""

from dataclasses import dataclass

from common.jobs.job import NetworkJob


@dataclass(frozen=True, kw_only=True)
class GradientNorms(NetworkJob):
    """The norm of the gradient for each layer of the body, without the heads and with them.

    The report has two arrays for each layer, for instance `without.conv1` and `with.conv1`. `input`
    and `labels` are files, as for `Grad`.
    """

    input: str
    labels: str
