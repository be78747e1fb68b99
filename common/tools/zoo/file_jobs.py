"""Jobs that need a framework to read or write its own files."""

from dataclasses import dataclass

from common.jobs.job import Job


@dataclass(frozen=True, kw_only=True)
class ReadFile(Job):
    """Reads a file that only the framework can read; the report's arrays are its contents."""

    path: str


@dataclass(frozen=True, kw_only=True)
class WriteFile(Job):
    """Writes the arrays in the bundle `arrays` to `out`, a file in the framework's own format."""

    arrays: str
    out: str


@dataclass(frozen=True, kw_only=True)
class FindLocations(Job):
    """Finds the location of each array in Keras' file of a network, ours or Keras' own.

    Keras' own is that of keras.applications, if `published`.
    """

    network: str
    aux: bool
    published: bool
