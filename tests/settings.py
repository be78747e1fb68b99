"""Measures what each setting gains: `python tests/settings.py [WORD...]`, for names with a word.

A process with every setting and one that leaves one out take turns; the median ratio of their
speeds is printed, and the peak memory of each.
Settings for waiting threads are also measured beside a process that keeps one core busy. The word
`beside` measures the speed there of the settings together, relative to that on an idle machine.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from common.files import weights
from common.jobs.environment import FASTER, environment
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.job import from_json, to_json
from common.jobs.turns import Turns
from common.jobs.worker import peak_megabytes
from common.tools.bench.benchmark import first_values
from common.tools.bench.timing_jobs import TakeTurns
from common.tools.bench.timing_work import take_turns
from common.tools.bench.workload import plan_of

ROUNDS, TURNS = 2, 2
INFER, ONE, TRAIN = ("infer", 16), ("infer", 1), ("train", 16)
ALLOCATOR = tuple(s.variable for s in FASTER if s.variable.startswith("MALLOC"))


@dataclass(frozen=True)
class Setting:
    """A setting and how to disable it: environment variables to remove, or code that undoes it."""

    name: str
    framework: str
    tasks: tuple[tuple[str, int], ...]
    variables: tuple[str, ...] = ()
    undo: str = ""
    network: str = "googlenet"
    beside_work: bool = False  # measure it beside a busy process as well
    size: int = 224  # of the images


KERAS_EAGER = """
import tensorflow_impl.run as runner
runner.fast = lambda net: lambda x: net(x, training=False)
"""
KERAS_UNFUSED = """
import sys, tensorflow_impl
sys.modules["tensorflow_impl.fast"].norms_after = lambda net: {}
"""
PADDLE_DYNAMIC = """
import paddle, paddle_impl.run as runner
runner.fast = lambda net: net.eval() or paddle.no_grad()(net)
"""
# The module, which has the same name in the package as its function.
FAST = "import sys, pytorch_impl; fast = sys.modules['pytorch_impl.fast']"
NOT_COMPILED = f"{FAST}; fast.suits_onednn = lambda net: False"
CHANNELS_FIRST = f"import torch; torch.channels_last = torch.contiguous_format; {NOT_COMPILED}"
TORCH_COMPILE = f"""
{FAST}; import torch._inductor.config as inductor; inductor.freezing = True
fast.compile_graph = lambda net, x, torch=fast.torch: torch.compile(net)
"""
UNFUSED = f"{NOT_COMPILED}; fast.fuse_batch_norm = lambda chain: None"
PADDLE_POOLS = """
import paddle, paddle_impl.custom_layers as layers
layers.MaxPool.with_indices = paddle.nn.MaxPool2D.forward
"""
PADDLE_PRODUCTS = """
import paddle_impl.custom_layers as layers
layers.suits = lambda x: False
"""
PYTORCH_LRN = """
import torch, pytorch_impl.custom_layers as layers
layers.LRN.forward = torch.nn.LocalResponseNorm.forward
"""
PLAIN_POWER = """
import {0}_impl.custom_layers as layers
layers.power = lambda x, exponent: x**exponent
"""
SETTINGS = (
    *(
        Setting("allocator", framework, (INFER, TRAIN), ALLOCATOR)
        for framework in ("pytorch", "tensorflow", "paddle")
    ),
    Setting("MKL's processor", "paddle", (INFER, TRAIN), ("MKL_DEBUG_CPU_TYPE",)),
    Setting("channels last, and what follows", "pytorch", (INFER, ONE, TRAIN), undo=CHANNELS_FIRST),
    Setting("compiled by oneDNN", "pytorch", (INFER, ONE), undo=NOT_COMPILED),
    Setting("not by torch.compile", "pytorch", (INFER, ONE), undo=TORCH_COMPILE),
    Setting("batch norm fused, and compiled", "pytorch", (INFER,), (), UNFUSED, "inception_v2"),
    Setting("short spin", "pytorch", (INFER, ONE, TRAIN), ("GOMP_SPINCOUNT",), beside_work=True),
    Setting("short spin", "paddle", (INFER, ONE, TRAIN), ("KMP_BLOCKTIME",), beside_work=True),
    Setting("indices of maxima", "paddle", (TRAIN,), undo=PADDLE_POOLS),
    Setting("small maps", "paddle", (TRAIN,), undo=PADDLE_PRODUCTS, size=80),
    Setting("tf.function", "tensorflow", (INFER, ONE), undo=KERAS_EAGER),
    Setting("fused in Keras", "tensorflow", (INFER, ONE), (), KERAS_UNFUSED, "inception_v2"),
    Setting("predictor", "paddle", (INFER, ONE), undo=PADDLE_DYNAMIC),
    *(
        Setting("LRN", framework, (INFER, ONE, TRAIN), undo=undo, network="googlenet.paper")
        for framework, undo in (
            ("pytorch", PYTORCH_LRN),
            ("tensorflow", PLAIN_POWER.format("tensorflow")),
            ("paddle", PLAIN_POWER.format("paddle")),
        )
    ),
)


def main(words: list[str]) -> None:
    """Prints a line for each setting and task."""
    if words == ["beside"]:
        print_speeds_beside_work()
        return
    chosen = [each for each in SETTINGS if not words or any(word in each.name for word in words)]
    for setting in chosen:
        for task, batch in setting.tasks:
            where = f"{setting.framework}, {setting.network}, {task} at batch {batch}"
            print(f"{setting.name}: {where}: {compare(setting, task, batch)}", flush=True)
            if setting.beside_work:
                with busy_core():
                    compared = compare(setting, task, batch)
                print(f"{setting.name}: {where}: beside a busy core {compared}", flush=True)


def print_speeds_beside_work() -> None:
    """Prints each framework's speed beside a busy process, relative to its speed without one."""
    for framework in FRAMEWORKS:
        every = Setting("all settings", framework, (INFER, ONE, TRAIN))
        for task, batch in every.tasks:
            quiet, busy = [], []
            for _ in range(ROUNDS):
                quiet.append(measure(every, task, batch, without=False)[0])
                with busy_core():
                    busy.append(measure(every, task, batch, without=False)[0])
            ratio = median(quiet) / median(busy)
            print(f"{framework}, {task} at batch {batch}: {ratio:.2f} times", flush=True)


@contextmanager
def busy_core() -> Iterator[None]:
    """Keeps one core busy with another process."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def compare(setting: Setting, task: str, batch: int) -> str:
    """The speed with the setting, relative to the speed without it, and the peak memory."""
    ratios, peaks, peaks_without = [], [], []
    for _ in range(ROUNDS):
        slow, peak_without = measure(setting, task, batch, without=True)
        quick, peak = measure(setting, task, batch, without=False)
        ratios.append(slow / quick)
        peaks.append(peak)
        peaks_without.append(peak_without)
    return (
        f"{median(ratios):.2f} times as fast, "
        f"{median(peaks):.0f} MB instead of {median(peaks_without):.0f}"
    )


def measure(setting: Setting, task: str, batch: int, without: bool) -> tuple[float, float]:
    """The seconds per call and the peak memory in megabytes of a separate process."""
    given = environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
    kept = {k: v for k, v in given.items() if not (without and k in setting.variables)}
    plan = plan_of(setting.network, task, setting.size)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.safetensors"
        weights.write(file, first_values(plan, task), plan)
        job = TakeTurns(
            framework=setting.framework,
            mode="tuned",
            network=setting.network,
            weights=str(file),
            task=task,
            batch=batch,
            size=setting.size,
            turns=TURNS,
        )
        undo = setting.undo if without else ""
        command = [sys.executable, __file__, "--in-process", folder, to_json(job), undo]
        done = subprocess.run(command, env=kept, check=True, capture_output=True, text=True)
    seconds, megabytes = done.stdout.split()[-2:]
    return float(seconds), float(megabytes)


def in_process(folder: str, job: str, undo: str) -> None:
    """Prints the seconds per call and the peak memory; all turns are given in advance."""
    exec(undo)
    turns = Turns(Path(folder), TURNS)
    for _ in range(TURNS):
        turns.given.put(b".")
    seconds = median(take_turns(from_json(job), turns).arrays["seconds"])
    print(seconds, peak_megabytes())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-process"]:
        in_process(*sys.argv[2:])
    else:
        main(sys.argv[1:])
