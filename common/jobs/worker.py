"""One process a framework: starts it, waits, and turns whatever happens into an answer.

TensorFlow imported before Paddle kills the interpreter, so no process ever holds two of them. A
worker ends with its parent, however that ends: it watches a pipe that only the parent holds open.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from common.errors import CheckFailed, DataError, Interrupted, UserError
from common.files.bundle import pack, unpack
from common.files.scratch import remove_with_siblings, scratch_folder
from common.jobs.job import Job, Report, from_json, to_json
from common.jobs.perform import perform

LIMIT_SECONDS = 1800.0
TICK_SECONDS = 0.2
CODES = {kind.code: kind for kind in UserError.__subclasses__()}
ROOT = Path(__file__).resolve().parents[2]
# How the frameworks say it: PyTorch, TensorFlow, Paddle.
OUT_OF_MEMORY = re.compile(
    r"can't allocate memory|not enough memory|out of memory|OOM when|ResourceExhausted|bad_alloc"
    r"|Cannot allocate|Cannot malloc",
    re.IGNORECASE,
)


def call(
    job: Job,
    limit: float = LIMIT_SECONDS,
    watch: Callable[[], None] = lambda: None,
    grace: float = 0,
) -> Report:
    """Does the job in a process of its own; raises the error that the worker met or died of.

    `watch` is called again and again meanwhile. Where the command is interrupted, the worker is
    asked by SIGINT to end, and has `grace` seconds to do so.
    """
    with scratch_folder() as box:
        (box / "job.json").write_text(to_json(job))
        status = wait(box, job.framework, limit, watch, grace)
        answer = read_answer(box)
        if "error" in answer:
            raise CODES.get(answer["code"], CheckFailed)(answer["error"])
        if status or not answer:
            raise how_it_ended(job.framework, status, box)
        return Report(arrays=unpack(box / "out.npz"), **answer)


def wait(box: Path, framework: str, limit: float, watch: Callable[[], None], grace: float) -> int:
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
        end = time.monotonic() + limit
        try:
            while time.monotonic() < end:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(TICK_SECONDS)
                watch()
            raise CheckFailed(f"{framework}: no answer within {limit:.0f} s, stopped")
        except Interrupted:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(grace)
            raise
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
        "TF_NUM_INTEROP_THREADS": "1",  # so that a training repeats bit for bit
        "PYTHONWARNINGS": "ignore",
    }
    return os.environ | ours


def read_answer(box: Path) -> dict:
    """What the worker wrote last; {} if it did not come to that."""
    try:
        return dict(json.loads((box / "answer.json").read_text()))
    except (OSError, ValueError):
        return {}


def how_it_ended(framework: str, status: int, box: Path) -> UserError:
    """How a worker ended that left no answer, in one line."""
    log = (box / "stderr").read_text(errors="replace").strip()
    last = f" ({log.splitlines()[-1].strip()[:200]})" if log else ""
    if status == -signal.SIGKILL:
        return DataError(
            f"{framework}: the worker was killed (signal 9), as the system does when memory runs "
            "out; give a smaller batch or image"
        )
    if status and OUT_OF_MEMORY.search(log[-5000:]):
        return DataError(f"{framework}: out of memory{last}; give a smaller batch or image")
    if status < 0:
        name = signal.Signals(-status).name
        return CheckFailed(f"{framework}: the worker was ended by signal {-status}, {name}{last}")
    return CheckFailed(f"{framework}: the worker ended with status {status} and no answer{last}")


def main(box: Path) -> None:
    """A worker's whole life: read the job, do it, leave the arrays and the answer."""
    threading.Thread(target=end_with_parent, args=(box,), daemon=True).start()
    job = from_json((box / "job.json").read_text())
    try:
        report = perform(job)
        pack(box / "out.npz", report.arrays)
    except UserError as error:
        answer: dict = {"error": str(error), "code": error.code}
    except (OSError, MemoryError) as error:
        answer = {"error": f"{job.framework}: {error or 'out of memory'}", "code": DataError.code}
    else:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = replace(report, megabytes=kilobytes // 1024).figures()
    (box / "answer.json").write_text(json.dumps(answer))
    # The frameworks' own threads can stall or crash on the way out; all is said already.
    os._exit(0)


def end_with_parent(box: Path) -> None:
    """Waits until the parent lets go of the pipe, which also happens when it is killed.

    A killed parent cannot tidy up, so this does: the parent's temporary folders go with it.
    """
    os.read(sys.stdin.fileno(), 1)
    remove_with_siblings(box)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
