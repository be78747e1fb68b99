"""The match of a file with a network in a checkpoint format, and the options for reading it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.arrays import Arrays
from common.spec.plan import Plan
from common.tools.zoo.formats import CheckpointFormat


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options for reading a file, besides the network's name.

    The checkpoint format, the key of the weights, whether to read only the backbone, and whether to
    use moving averages as weights.
    """

    format: str | None = None
    key: str | None = None
    backbone_only: bool = False
    averages: bool = False


@dataclass(frozen=True)
class Carried:
    """The contents of a file other than the weights, kept so that they can be written again.

    `scalars` has counters by name, such as `num_batches_tracked`; `names` has the file's own names
    for those of the format.
    """

    scalars: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """A file's arrays as ours, the plan they fit, the file's other contents, and notes.

    `recorded` has the metadata that do not follow from the arrays.
    """

    format: CheckpointFormat
    plan: Plan
    arrays: Arrays
    carried: Carried = field(default_factory=Carried)
    notes: tuple[str, ...] = ()
    recorded: Mapping[str, object] = field(default_factory=dict)
