"""Why a file is not a network in a layout."""

from dataclasses import dataclass, field

from common.files import weights
from common.zoo.layouts import Published


@dataclass(frozen=True)
class Misfit:
    """Why a file is not a network in a layout; `agreed` is the share of arrays that do fit.

    `trunk_fits` says whether it is but the ending that does not, `elsewhere` whose classes they are
    where all fits but their number.
    """

    name: str
    layout: Published
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    agreed: float = 1.0
    trunk_fits: bool = False
    elsewhere: str = ""

    def __str__(self) -> str:
        faults = weights.list_faults(self.missing, self.unknown, self.misshapen)
        told = faults or self.elsewhere or "all of it fits"
        return f"{self.name} in the layout {self.layout.name}: {told}"
