"""Kills a training run repeatedly (signal 9), resumes it, and compares it with an unkilled one.

`python tests/kills.py FRAMEWORK [TIMES]` kills a run with dropout at random moments; the weights at
the end must be the same bit for bit.
"""

import random
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

EPOCHS = 10
OPTIONS = ["--data", "digits", "--image-size", "32", "--seed", "3"]


def command(framework: str, folder: Path) -> list[str]:
    """The command that starts the training run, or resumes it."""
    own = ["train", "googlenet", "-f", framework, *OPTIONS, "--epochs", str(EPOCHS)]
    resume = ["--resume"] if (folder / "recipe.toml").exists() else []
    return [sys.executable, "-m", "common.command.main", *own, "--out", str(folder), *resume]


def train_under_fire(framework: str, folder: Path, times: int) -> int:
    """Trains to the end, killed at most `times` times; returns how often the run was killed."""
    draw = random.Random(framework)
    done = 0
    while done < times:
        with subprocess.Popen(command(framework, folder), stderr=subprocess.DEVNULL) as process:
            with suppress(subprocess.TimeoutExpired):
                if process.wait(draw.uniform(1, 20)):
                    raise SystemExit(f"{framework}: cannot go on after {done} kills")
                return done  # it has ended
            process.kill()
            done += 1
    subprocess.run(command(framework, folder), check=True, stderr=subprocess.DEVNULL)
    return done


def main(framework: str, times: int) -> None:
    """Runs both trainings and compares their results."""
    with tempfile.TemporaryDirectory() as box:
        calm, killed = Path(box) / "calm", Path(box) / "killed"
        subprocess.run(command(framework, calm), check=True, stderr=subprocess.DEVNULL)
        done = train_under_fire(framework, killed, times)
        for name in ("last", "best"):
            one, other = (f / "checkpoints" / f"{name}.safetensors" for f in (calm, killed))
            if one.read_bytes() != other.read_bytes():
                raise SystemExit(f"{framework}: after {done} kills the {name} weights are others")
        if (calm / "metrics.jsonl").read_text().count("\n") != (
            killed / "metrics.jsonl"
        ).read_text().count("\n"):
            raise SystemExit(f"{framework}: after {done} kills metrics are missing or doubled")
        print(f"{framework}: {done} kills, the same weights bit for bit")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20)
