"""Why a file does not match a network in a checkpoint format."""

from dataclasses import dataclass, field

from common.files import weights
from common.tools.zoo.formats import CheckpointFormat


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """Why a file does not match a network in a format: the names of the arrays that do not fit.

    `agreed` is the fraction of the arrays that fit; `backbone_fits` says whether all do except the
    classifier's and the heads'. If all arrays fit, `elsewhere` says which network the number of
    classes belongs to.
    """

    name: str
    format: CheckpointFormat
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    agreed: float = 1.0
    backbone_fits: bool = False
    elsewhere: str = ""

    def __str__(self) -> str:
        faults = weights.list_faults(self.missing, self.unknown, self.misshapen)
        reason = faults or self.elsewhere or "all arrays fit"
        return f"{self.name} in format {self.format.name}: {reason}"
