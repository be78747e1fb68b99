"""The `predict` command: classifies images."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from common.command import documents
from common.command.app import app
from common.command.options import (
    AsJson,
    Device,
    Dtype,
    Framework,
    OnError,
    Plain,
    PreprocessName,
)
from common.command.printable import print_line
from common.command.scoring_options import NetworkName, Source, check_options, report_skipped
from common.command.trained import open_trained
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.tools.train.scoring_jobs import Predict


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
        job = Predict(
            framework=framework,
            network=given.network,
            weights=str(given.path),
            files=list(map(str, image)),
            preprocess=given.preprocess,
            skip=on_error == "skip",
            device=device,
            dtype=dtype,
            plain=plain,
        )
        report = call(job)
    skipped = report_skipped(report.arrays)
    files = [str(file) for file in image if str(file) not in skipped]
    names = given.class_names(report.arrays["probabilities"].shape[1])
    ranked = rank(report.arrays["probabilities"], names, top)
    show_classes([{"image": f, "top": t} for f, t in zip(files, ranked, strict=True)], json)


def show_classes(found: list[dict], json: bool) -> None:
    """Prints the classes of each image."""
    if json:
        documents.print_json(found)
        return
    for entry in found:
        print_line(entry["image"])
        for each in entry["top"]:
            print_line(f"  {each['probability']:7.2%}  {each['name']}")


def rank(probabilities: NDArray, names: list[str], top: int) -> list[list[dict]]:
    """The most likely classes of each image, `top` of them or all that there are."""
    orders = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    return [
        [{"class": int(k), "name": names[k], "probability": float(row[k])} for k in order]
        for row, order in zip(probabilities, orders, strict=True)
    ]
