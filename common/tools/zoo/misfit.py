"""The mismatch between a file and a network in a checkpoint format."""

from dataclasses import dataclass, field

from common.files import weights
from common.tools.zoo.formats import Published


@dataclass(frozen=True)
class Misfit:
    """Why a file is not a network in a format; `agreed` is the fraction of the arrays that fit.

    `backbone_fits` says whether only the classifier or the heads fail to match; `elsewhere` says
    whose classes they are, if only their number does not match.
    """

    name: str
    layout: Published
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    agreed: float = 1.0
    backbone_fits: bool = False
    elsewhere: str = ""

    def __str__(self) -> str:
        faults = weights.list_faults(self.missing, self.unknown, self.misshapen)
        reason = faults or self.elsewhere or "all arrays fit"
        return f"{self.name} in format {self.layout.name}: {reason}"
