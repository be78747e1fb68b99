"""The verbs about what was trained: scores on a data set, names for images."""

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from common.arrays import Arrays
from common.command import documents
from common.command.app import app
from common.command.options import (
    AsJson,
    Data,
    Device,
    Dtype,
    Framework,
    OnError,
    Plain,
    PreprocessName,
    check_known,
)
from common.command.printable import print_line
from common.command.scores import print_scores
from common.command.trained import open_trained
from common.errors import UsageError
from common.files.scratch import scratch_folder
from common.jobs.frameworks import ALL
from common.jobs.job import DEVICES, DTYPES, Evaluate, Predict, Report
from common.jobs.worker import call

Source = Annotated[
    Path, typer.Argument(metavar="RUN_OR_WEIGHTS", help="Use this run or checkpoint.")
]
SCORES = ("top1", "top5", "loss", "images", "confusion")
NetworkName = Annotated[
    str | None, typer.Option("--network", help="Name the network, if the file does not.")
]


def check_options(framework: str, device: str, on_error: str, dtype: str) -> None:
    """Raises UsageError for an unknown name."""
    check_known("framework", framework, tuple(ALL))
    check_known("device", device, DEVICES)
    check_known("dtype", dtype, DTYPES)
    check_known("value of --on-error", on_error, ("stop", "skip"))


@app.command()
def evaluate(
    source: Source,
    data: Data = "digits",
    framework: Framework = "pytorch",
    name: NetworkName = None,
    preprocess: PreprocessName = None,
    on_error: OnError = "stop",
    device: Device = "auto",
    dtype: Dtype = "float32",
    plain: Plain = False,
    json: AsJson = False,
) -> None:
    """Score weights or a run on a data set.

    The test split is scored; of a run, the best weights are used.
    """
    check_options(framework, device, on_error, dtype)
    with scratch_folder() as box:
        given = open_trained(source, name, preprocess, box)
        where = framework, given.network, str(given.path), data, given.preprocess
        job = Evaluate(*where, on_error == "skip", device, dtype, plain, given.run)
        scores = call(job).arrays
    for line in scores["changes"].tolist():
        print_line(f"googlenet: {line}", sys.stderr)
    tell_skipped(scores)
    scored = scores["classes"].tolist()
    known = list(given.classes) or scored
    # The network may have more classes than have names.
    names = known + [str(number) for number in range(len(known), len(scores["confusion"]))]
    if json:
        about = {name: scores[name].tolist() for name in SCORES}
        documents.print_json(about | {"classes": names, "scored": scored})
    else:
        print_scores(scores, names, scored, len(known))


@app.command()
def predict(
    source: Source,
    image: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Classify these JPEG or PNG files.")
    ],
    framework: Framework = "pytorch",
    name: NetworkName = None,
    top: Annotated[int, typer.Option(min=1, help="Show this many classes per image.")] = 5,
    preprocess: PreprocessName = None,
    on_error: OnError = "stop",
    device: Device = "auto",
    dtype: Dtype = "float32",
    plain: Plain = False,
    json: AsJson = False,
) -> None:
    """Classify images.

    The most likely classes are shown, by a run, a weights file or any checkpoint.
    """
    check_options(framework, device, on_error, dtype)
    with scratch_folder() as box:
        given = open_trained(source, name, preprocess, box)
        where = framework, given.network, str(given.path), list(map(str, image)), given.preprocess
        report = call(Predict(*where, on_error == "skip", device, dtype, plain))
    skipped = tell_skipped(report.arrays)
    files = [str(file) for file in image if str(file) not in skipped]
    names = given.class_names(report.arrays["probabilities"].shape[1])
    found: list[dict] = [
        {"image": f, "top": t} for f, t in zip(files, rank(report, names, top), strict=True)
    ]
    if json:
        documents.print_json(found)
        return
    for entry in found:
        print_line(entry["image"])
        for each in entry["top"]:
            print_line(f"  {each['probability']:7.2%}  {each['name']}")


def rank(report: Report, names: list[str], top: int) -> list[list[dict]]:
    """The likeliest classes of each image."""
    if top > len(names):
        raise UsageError(f"--top {top}: there are {len(names)} classes")
    probabilities = report.arrays["probabilities"]
    orders = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    return [
        [{"class": int(k), "name": names[k], "probability": float(row[k])} for k in order]
        for row, order in zip(probabilities, orders, strict=True)
    ]


def tell_skipped(arrays: Arrays) -> set[str]:
    """Says which images were left out, and why; returns their names."""
    lines = arrays["faults"].tolist()
    for line in lines:
        print_line(f"googlenet: skipped: {line}", sys.stderr)
    if lines:
        print(f"googlenet: {len(lines)} images skipped", file=sys.stderr)
    return set(arrays["skipped"].tolist())
