"""The `predict` command: classifies images."""

from collections.abc import Sequence
from csv import DictWriter
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
from common.command.outputs import check_outputs
from common.command.printable import print_line
from common.command.scoring_options import NetworkName, Source, check_options, report_images
from common.command.trained import Trained, open_trained
from common.data.image_files import find_images
from common.errors import DataError
from common.files.atomic import atomic_csv
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.tools.train.scoring_jobs import Predict

Images = Annotated[
    list[Path], typer.Argument(metavar="IMAGE...", help="Classify these images and folders.")
]
Top = Annotated[int, typer.Option(min=1, help="Show this many classes per image.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write the classes to this .csv file.")]


@app.command()
def predict(
    source: Source,
    image: Images,
    framework: Framework = "pytorch",
    name: NetworkName = None,
    top: Top = 5,
    preprocess: PreprocessName = None,
    on_error: OnError = "stop",
    device: Device = "auto",
    dtype: Dtype = "float32",
    plain: Plain = False,
    csv: Csv = None,
    json: AsJson = False,
) -> None:
    """Classify images, and all images in folders."""
    check_options(framework, device, on_error, dtype)
    images = list_images(image)
    check_outputs(csv, inputs=[source, *map(Path, images)])
    with scratch_folder() as box:
        given = open_trained(source, name, preprocess, box)
        job = Predict(
            framework=framework,
            network=given.network,
            weights=str(given.path),
            label=given.label,
            files=images,
            preprocess=given.preprocess,
            background=given.background,
            skip=on_error == "skip",
            device=device,
            dtype=dtype,
            plain=plain,
        )
        arrays = call(job).arrays
    skipped = report_images(arrays, given.background)
    files = [file for file in images if file not in skipped]
    show_classes(rank(files, arrays["probabilities"], given, top), csv, json)


def list_images(paths: Sequence[Path]) -> list[str]:
    """The files among the paths and the images in the folders; raises DataError without any."""
    images: list[str] = []
    for path in paths:
        inside = find_images(path).images if path.is_dir() else [path]
        if not inside:
            raise DataError(f"{path}: there are no images in this folder")
        images += map(str, inside)
    return images


def write_csv(path: Path, predictions: list[dict]) -> None:
    """Writes a line for each class that is shown."""
    with atomic_csv(path) as file:
        writer = DictWriter(file, ["image", "rank", "class", "name", "probability"])
        writer.writeheader()
        for entry in predictions:
            for number, each in enumerate(entry["top"], 1):
                writer.writerow({"image": entry["image"], "rank": number, **each})


def show_classes(predictions: list[dict], csv: Path | None, json: bool) -> None:
    """Prints the classes of each image, and writes them to `csv`."""
    if csv:
        write_csv(csv, predictions)
    if json:
        documents.print_json(predictions)
        return
    for entry in predictions:
        print_line(entry["image"])
        for each in entry["top"]:
            print_line(f"  {each['probability']:7.2%}  {each['name']}")


def rank(files: Sequence[str], probabilities: NDArray, given: Trained, top: int) -> list[dict]:
    """The most likely classes of each image, `top` of them or all that there are."""
    names = given.class_names(probabilities.shape[1])
    orders = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    predictions = []
    for file, row, order in zip(files, probabilities, orders, strict=True):
        best = [{"class": int(k), "name": names[k], "probability": float(row[k])} for k in order]
        predictions.append({"image": file, "top": best})
    return predictions
