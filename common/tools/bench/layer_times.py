"""Time per layer: each layer of a network's body, timed as a separate network in each framework."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.errors import MissingFramework
from common.files import weights
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.networks import network
from common.spec.initial import initial_arrays
from common.tools.bench.timing_jobs import TimeLayers
from common.tools.bench.workload import plan_of


@dataclass(frozen=True)
class LayerTime:
    """A layer, its multiply-adds for one image, and its milliseconds a batch in each framework."""

    name: str
    multiply_adds: int
    milliseconds: dict[str, float]


def time_layers(
    name: str, frameworks: Sequence[str], batch: int, report_progress: Callable[[str, str], None]
) -> tuple[list[LayerTime], list[MissingFramework]]:
    """Times every layer of a network's body, then the whole network, in each installed framework.

    The layers do not add up to the whole, because a layer timed separately is not fused with the
    next. Returns the times and an error for each missing framework; raises MissingFramework if
    none is installed.
    """
    plan = plan_of(name, "infer", network(name).input[1])
    by_framework, missing = {}, []
    with scratch_folder() as folder:
        file = folder / "w.safetensors"
        weights.write(file, initial_arrays(plan, seed=0), plan)
        for framework in frameworks:
            report_progress(framework, f"timing {name} by layer, batch {batch}")
            job = TimeLayers(framework=framework, network=name, weights=str(file), batch=batch)
            try:
                by_framework[framework] = call(job).arrays
            except MissingFramework as error:
                missing.append(error)
        if not by_framework:
            raise missing[0]
    layers = [(each.spec.name, each.multiply_adds) for each in plan.layer_plans()]
    times = [
        LayerTime(name, count, {f: 1e3 * float(times[name]) for f, times in by_framework.items()})
        for name, count in [*layers, ("all", plan.multiply_adds)]
    ]
    return times, missing
