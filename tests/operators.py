"""Shows where time goes: `python tests/operators.py FRAMEWORK [NETWORK] [--task infer|train]`.

Runs the tuned network as `googlenet bench` does, under the framework's own profiler, and prints the
operators that take the most time: milliseconds and calls for each batch or training step.
"""

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.files import weights
from common.jobs.environment import environment
from common.jobs.frameworks import FRAMEWORKS
from common.networks import NETWORKS, network
from common.tools.bench.benchmark import first_values
from common.tools.bench.timing_jobs import TakeTurns
from common.tools.bench.timing_work import take_turns
from common.tools.bench.workload import plan_of

WARM_UP, CALLS = 3, 5
SHOWN = 10
EXECUTOR = {"Run", "Process"}  # TensorFlow's names for running all operators
Times = dict[str, tuple[float, int]]  # by operator: milliseconds and calls in total


class Profiled:
    """Takes the place of turns: yields some calls to warm up, then calls under the profiler."""

    def __init__(self, framework: str) -> None:
        self.profile, self.times = PROFILERS[framework], {}
        self.seconds, self.shown_at = [0.0], 0.0

    def show(self, _: object) -> None:
        """The first results are not checked here."""

    def calls(self) -> Iterator[None]:
        """Yields once for each call to make."""
        for _ in range(WARM_UP):
            yield
        with self.profile(self.times):
            for _ in range(CALLS):
                yield


@contextmanager
def with_torch(times: Times) -> Iterator[None]:
    """Collects the times of PyTorch's operators, without those of operators that they call."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        yield
    for each in profiler.key_averages():
        kind = re.sub(r"_\d+$", "", each.key)  # oneDNN's partitions are numbered
        spent, calls = times.get(kind, (0.0, 0))
        times[kind] = spent + each.self_cpu_time_total / 1e3, calls + each.count


@contextmanager
def with_tensorflow(times: Times) -> Iterator[None]:
    """Collects the times of TensorFlow's operators."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            yield
        [file] = Path(folder).rglob("*.xplane.pb")
        space = XSpace.FromString(file.read_bytes())
    total, calls = Counter(), Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            _, colon, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
            if colon and kind.isidentifier() and kind not in EXECUTOR:
                total[kind] += event.duration_ps / 1e9
                calls[kind] += 1
    times |= {kind: (total[kind], calls[kind]) for kind in total}


@contextmanager
def with_paddle(times: Times) -> Iterator[None]:
    """Collects the times of Paddle's operators, forward and backward."""
    from paddle.profiler import Profiler, ProfilerTarget
    from paddle.profiler.profiler_statistic import StatisticData

    profiler = Profiler(targets=[ProfilerTarget.CPU], on_trace_ready=lambda _: None)
    profiler.start()
    yield
    profiler.stop()
    result = profiler.profiler_result
    found = StatisticData(result.get_data(), result.get_extra_info()).event_summary.items
    times |= {name: (each.cpu_time / 1e6, each.call) for name, each in found.items()}


PROFILERS = {"pytorch": with_torch, "tensorflow": with_tensorflow, "paddle": with_paddle}


def main() -> None:
    """Prints a line for each of the operators that take the most time, and for all together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("framework", choices=FRAMEWORKS)
    parser.add_argument("network", nargs="?", choices=NETWORKS, default="googlenet")
    parser.add_argument("--task", choices=("infer", "train"), default="infer")
    parser.add_argument("--batch", type=int, default=16)
    given = parser.parse_args()
    profiled, size = Profiled(given.framework), network(given.network).input[1]
    plan = plan_of(given.network, given.task, size)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.safetensors"
        weights.write(file, first_values(plan, given.task), plan)
        job = TakeTurns(mode="tuned", weights=str(file), size=size, **vars(given))
        take_turns(job, profiled)
    everything = sum(spent for spent, _ in profiled.times.values()) / CALLS
    print(f"{everything:8.1f} ms  all operators")
    slowest = sorted(profiled.times.items(), key=lambda item: -item[1][0])[:SHOWN]
    for name, (spent, calls) in slowest:
        print(f"{spent / CALLS:8.1f} ms  {calls / CALLS:6.1f} calls  {name}")


if __name__ == "__main__":
    if os.environ.get("PYTHONPATH") != str(Path(__file__).parents[1]):
        root = {"PYTHONPATH": str(Path(__file__).parents[1])}
        os.execve(sys.executable, [sys.executable, *sys.argv], environment() | root)
    main()
