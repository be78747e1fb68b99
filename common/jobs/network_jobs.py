"""Jobs for one network, a forward pass and a gradient, and one that only starts a framework."""

from dataclasses import dataclass

from common.jobs.job import Job, NetworkJob


@dataclass(frozen=True, kw_only=True)
class Run(NetworkJob):
    """A forward pass in evaluation mode; the report's arrays are the outputs.

    `endpoints` are layer paths, or `all` for the steps of the body, or `units` for every row of a
    summary, inside blocks and heads as well.
    """

    input: str
    endpoints: str = "all"
    aux: bool = False


@dataclass(frozen=True, kw_only=True)
class Grad(NetworkJob):
    """The training loss without dropout, and its gradient with respect to every parameter."""

    input: str
    labels: str
    aux: bool = False


@dataclass(frozen=True, kw_only=True)
class Start(Job):
    """Imports the framework and does nothing else."""
