"""Time by layer: each step of a network as a network of its own, in each framework."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.errors import MissingFramework
from common.files import weights
from common.files.scratch import scratch_folder
from common.initial import initial_arrays
from common.jobs.job import TimeLayers
from common.jobs.timing import plan_of
from common.jobs.worker import call
from common.networks import network


@dataclass(frozen=True)
class LayerTime:
    """A step, what it multiplies for one image, and the milliseconds of a batch by framework."""

    name: str
    multiply_adds: int
    milliseconds: dict[str, float]


def time_layers(
    name: str, frameworks: Sequence[str], batch: int, say: Callable[[str, str], None]
) -> tuple[list[LayerTime], list[MissingFramework]]:
    """Every step of a network in each framework that is installed, and the whole in the end.

    The sum of the steps is not the whole: alone, none is joined with the next. Raises
    MissingFramework where none is installed, and returns it beside the times of the others.
    """
    plan = plan_of(name, "infer", network(name).input[1])
    found, missing = {}, []
    with scratch_folder() as folder:
        file = folder / "w.safetensors"
        weights.write(file, initial_arrays(plan, seed=0), plan)
        for framework in frameworks:
            say(framework, f"timing {name} by layer, batch {batch}")
            job = TimeLayers(framework, name, str(file), batch)
            try:
                found[framework] = call(job).arrays
            except MissingFramework as error:
                missing.append(error)
        if not found:
            raise missing[0]
    parts = [(part.network.name, part.multiply_adds) for part in plan.parts()]
    times = [
        LayerTime(part, count, {f: 1e3 * float(times[part]) for f, times in found.items()})
        for part, count in [*parts, ("all", plan.multiply_adds)]
    ]
    return times, missing
