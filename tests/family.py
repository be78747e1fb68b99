"""Times inference of the whole family: `python tests/family.py [NETWORK...]`.

For one image and for 16, prints the rate of each framework's tuned network, and of the networks in
its own model zoo, relative to the faster of ONNX Runtime and OpenVINO. All of them take turns.
"""

import sys

from common.jobs.frameworks import FRAMEWORKS
from common.networks import NETWORKS, network
from common.tools.bench.benchmark import BenchOptions, run_race
from common.tools.bench.limits import of_limit
from common.tools.bench.workload import Work

BATCHES = (1, 16)
OPTIONS = BenchOptions(FRAMEWORKS, baselines=True, modes=("tuned",))


def main(names: list[str]) -> None:
    """Prints a line for each network and batch."""
    for name in names or NETWORKS:
        for batch in BATCHES:
            work = Work(name, "infer", batch, network(name).input[1])
            rows = run_race([work], OPTIONS, lambda *_: None).rows
            rates = [
                f"{row.contestant.name} {row.images_per_second:.1f} ({of_limit(row, rows):.2f})"
                for row in rows
            ]
            print(f"{name}, batch {batch}: {', '.join(rates)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
