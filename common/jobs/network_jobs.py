"""Jobs for one network, a forward pass and a gradient, and one that only imports a framework."""

from dataclasses import dataclass

from common.jobs.job import Job, NetworkJob


@dataclass(frozen=True, kw_only=True)
class ForwardPass(NetworkJob):
    """A forward pass in evaluation mode; the report's arrays are the outputs.

    `input` is a .npy file, N x C x H x W. `endpoints` are layer paths, separated by commas or
    spaces; `all` for the feature maps of the body's layers; or `units` for those of all rows of a
    summary, in blocks and heads as well, and for the vectors of the body. `aux` and `global_pool`
    are arguments of the network.
    """

    input: str
    endpoints: str = "all"
    aux: bool = False
    global_pool: bool = True


@dataclass(frozen=True, kw_only=True)
class Grad(NetworkJob):
    """The training loss without dropout, and its gradient with respect to each parameter."""

    input: str
    labels: str
    aux: bool = False


@dataclass(frozen=True, kw_only=True)
class Start(Job):
    """Imports the framework and does nothing else."""
