"""What each setting brings: `python tests/settings.py [WORD...]`, for names that hold a word.

A process with every setting and one that leaves one out take turns; the median ratio is printed.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from common.bench.bench import first_values
from common.files import weights
from common.jobs.job import Time, from_json, to_json
from common.jobs.settings import FASTER, environment
from common.jobs.timing import plan_of, take_turns
from common.jobs.turns import Turns

ROUNDS, TURNS = 2, 2
INFER, ONE, TRAIN = ("infer", 16), ("infer", 1), ("train", 16)
ALLOCATOR = tuple(s.variable for s in FASTER if s.variable.startswith("MALLOC"))


@dataclass(frozen=True)
class Setting:
    """A setting, and how it is left out: variables of the environment, or code that undoes it."""

    name: str
    framework: str
    tasks: tuple[tuple[str, int], ...]
    variables: tuple[str, ...] = ()
    undo: str = ""
    network: str = "googlenet"


KERAS_EAGER = """
import tensorflow_impl.run as run
run.fast = lambda net: lambda x: net(x, training=False)
"""
PADDLE_DYNAMIC = """
import paddle, paddle_impl.run as run
run.fast = lambda net: net.eval() or paddle.no_grad()(net)
"""
# The module, whose name in the package is that of its function.
FAST = "import sys, pytorch_impl; fast = sys.modules['pytorch_impl.fast']"
UNPACKED = f"{FAST}; fast.suits_onednn = lambda net: False"
CHANNELS_FIRST = f"import torch; torch.channels_last = torch.contiguous_format; {UNPACKED}"
UNFUSED = f"{UNPACKED}; fast.fuse_batch_norm = lambda chain: None"
SETTINGS = (
    *(
        Setting("allocator", framework, (INFER, TRAIN), ALLOCATOR)
        for framework in ("pytorch", "tensorflow", "paddle")
    ),
    Setting("MKL's processor", "paddle", (INFER, TRAIN), ("MKL_DEBUG_CPU_TYPE",)),
    Setting("channels last, and what follows", "pytorch", (INFER, ONE, TRAIN), undo=CHANNELS_FIRST),
    Setting("weights packed, ReLU joined", "pytorch", (INFER, ONE), undo=UNPACKED),
    Setting("batch norm folded, and packed", "pytorch", (INFER,), (), UNFUSED, "inception_v2"),
    Setting("tf.function", "tensorflow", (INFER, ONE), undo=KERAS_EAGER),
    Setting("predictor", "paddle", (INFER, ONE), undo=PADDLE_DYNAMIC),
)


def main(words: list[str]) -> None:
    """A line for each setting and task."""
    chosen = [each for each in SETTINGS if not words or any(word in each.name for word in words)]
    for setting in chosen:
        for task, batch in setting.tasks:
            ratio = median(compare(setting, task, batch) for _ in range(ROUNDS))
            where = f"{setting.framework}, {setting.network}, {task} at batch {batch}"
            print(f"{setting.name}: {where}: {ratio:.2f} times", flush=True)


def compare(setting: Setting, task: str, batch: int) -> float:
    """How many times as fast it is with the setting as without."""
    return seconds(setting, task, batch, without=True) / seconds(setting, task, batch, False)


def seconds(setting: Setting, task: str, batch: int, without: bool) -> float:
    """The seconds of a call, in a process of its own."""
    given = environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
    kept = {k: v for k, v in given.items() if not (without and k in setting.variables)}
    plan = plan_of(setting.network, task, 224)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.safetensors"
        weights.write(file, first_values(plan, task), plan)
        job = Time(setting.framework, "tuned", setting.network, str(file), task, batch, 224, TURNS)
        undo = setting.undo if without else ""
        command = [sys.executable, __file__, "--in-process", folder, to_json(job), undo]
        done = subprocess.run(command, env=kept, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def in_process(folder: str, job: str, undo: str) -> None:
    """Prints the seconds of a call; no turn is waited for."""
    exec(undo)
    turns = Turns(Path(folder), TURNS)
    for _ in range(TURNS):
        turns.given.put(b".")
    print(median(take_turns(from_json(job), turns).arrays["seconds"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-process"]:
        in_process(*sys.argv[2:])
    else:
        main(sys.argv[1:])
