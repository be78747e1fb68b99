"""Times inference of the whole family: `python tests/family.py [NETWORK...] [--batch N...]`.

For one image and for 16 (or for batches of N), prints the rate of each framework's tuned network,
and of the networks in its own model zoo, relative to the faster of ONNX Runtime and OpenVINO. All
of them take turns.
"""

import argparse

from common.jobs.frameworks import FRAMEWORKS
from common.networks import NETWORKS, network
from common.tools.bench.benchmark import BenchOptions, run_race
from common.tools.bench.limits import of_limit
from common.tools.bench.workload import Work

BATCHES = (1, 16)
OPTIONS = BenchOptions(frameworks=FRAMEWORKS, baselines=True, modes=("tuned",))


def main() -> None:
    """Prints a line for each network and batch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--batch", nargs="+", type=int, default=BATCHES, metavar="N")
    given = parser.parse_args()
    for name in given.networks:
        for batch in given.batch:
            work = Work(network=name, task="infer", batch=batch, size=network(name).input[1])
            rows = run_race([work], OPTIONS, lambda *_: None).rows
            rates = [
                f"{row.contestant.name} {row.images_per_second:.1f} ({of_limit(row, rows):.2f})"
                for row in rows
            ]
            print(f"{name}, batch {batch}: {', '.join(rates)}", flush=True)


if __name__ == "__main__":
    main()
