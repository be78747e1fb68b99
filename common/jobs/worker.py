"""One process a framework: starts it, waits, and turns whatever happens into an answer.

TensorFlow imported before Paddle kills the interpreter, so no process ever holds two of them. A
worker ends with its parent, however that ends: it watches a pipe that only the parent holds open.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from numpy.typing import NDArray

from common.errors import CheckFailed, UserError
from common.files.bundle import pack, unpack
from common.jobs.job import Job, perform

LIMIT_SECONDS = 1800.0
CODES = {kind.code: kind for kind in UserError.__subclasses__()}
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Report:
    """What a worker says when it is done; `megabytes` is the most memory it ever held."""

    version: str
    parameters: int
    import_seconds: float
    seconds: float
    megabytes: int


def call(job: Job, limit: float = LIMIT_SECONDS) -> tuple[dict[str, NDArray], Report]:
    """Does the job in a process of its own; raises the error that the worker met or died of."""
    with tempfile.TemporaryDirectory(prefix="googlenet-") as folder:
        box = Path(folder)
        (box / "job.json").write_text(json.dumps(asdict(job)))
        status = wait(box, job.framework, limit)
        answer = read_answer(box)
        if "error" in answer:
            raise CODES.get(answer["code"], CheckFailed)(answer["error"])
        if status or not answer:
            raise CheckFailed(f"{job.framework}: {how_it_ended(status, box)}")
        return unpack(box / "out.npz"), Report(**answer)


def wait(box: Path, framework: str, limit: float) -> int:
    """Runs the worker to its end, or ends it; returns its exit status."""
    with open(box / "stderr", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "common.jobs.worker", str(box)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment() | {"TMPDIR": str(box)},
            start_new_session=True,
        )
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            raise CheckFailed(f"{framework}: no answer within {limit:.0f} s, stopped") from None
        finally:
            process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()


def environment() -> dict[str, str]:
    """The worker's environment: this code, all cores, the CPU, and no chatter."""
    ours = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(os.cpu_count())),
        "CUDA_VISIBLE_DEVICES": "",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
    }
    return os.environ | ours


def read_answer(box: Path) -> dict:
    """What the worker wrote last; {} if it did not come to that."""
    try:
        return dict(json.loads((box / "answer.json").read_text()))
    except (OSError, ValueError):
        return {}


def how_it_ended(status: int, box: Path) -> str:
    """How a worker ended that left no answer, in one line."""
    lines = (box / "stderr").read_text(errors="replace").strip().splitlines()
    last = f" ({lines[-1].strip()[:200]})" if lines else ""
    if status < 0:
        return f"the worker was ended by signal {-status}, {signal.Signals(-status).name}{last}"
    return f"the worker ended with status {status} and no answer{last}"


def main(box: Path) -> None:
    """A worker's whole life: read the job, do it, leave the arrays and the answer."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    job = Job(**json.loads((box / "job.json").read_text()))
    try:
        result = perform(job)
        pack(box / "out.npz", result.arrays)
    except UserError as error:
        answer: dict = {"error": str(error), "code": error.code}
    except (OSError, MemoryError) as error:
        answer = {"error": f"{job.framework}: {error or 'out of memory'}", "code": 4}
    else:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = asdict(
            Report(
                result.version,
                result.parameters,
                result.import_seconds,
                result.seconds,
                kilobytes // 1024,
            )
        )
    (box / "answer.json").write_text(json.dumps(answer))
    # The frameworks' own threads can stall or crash on the way out; all is said already.
    os._exit(0)


def end_with_parent() -> None:
    """Waits until the parent lets go of the pipe, which also happens when it is killed."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
