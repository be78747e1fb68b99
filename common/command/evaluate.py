"""The `evaluate` command: scores weights on a data set."""

import sys
from pathlib import Path
from typing import Annotated

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
)
from common.command.outputs import check_outputs
from common.command.printable import print_line
from common.command.scores import print_scores, write_confusion
from common.command.scoring_options import NetworkName, Source, check_options, report_images
from common.command.trained import Trained, open_trained
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.tools.train.scoring_jobs import Evaluate

Csv = Annotated[
    Path | None, typer.Option("--csv", help="Write the confusion matrix to this .csv file.")
]
SCORES = ("top1", "top5", "loss", "images", "confusion")


@app.command()
def evaluate(
    source: Source,
    data: Data = None,
    framework: Framework = "pytorch",
    name: NetworkName = None,
    preprocess: PreprocessName = None,
    on_error: OnError = "stop",
    device: Device = "auto",
    dtype: Dtype = "float32",
    plain: Plain = False,
    csv: Csv = None,
    json: AsJson = False,
) -> None:
    """Score weights or a run on a data set.

    Scores the test split, with the best weights of a run. By default, the data are those of the
    run, or `digits` for other weights.
    """
    check_options(framework, device, on_error, dtype)
    check_outputs(csv, inputs=[source])
    with scratch_folder() as box:
        given = open_trained(source, name, preprocess, box)
        job = Evaluate(
            framework=framework,
            network=given.network,
            weights=str(given.path),
            label=given.label,
            data=data or given.data,
            preprocess=given.preprocess,
            background=given.background,
            skip=on_error == "skip",
            device=device,
            dtype=dtype,
            plain=plain,
            run=given.run,
            classes=given.classes,
        )
        scores = call(job).arrays
    show_scores(scores, given, data or given.data, csv, json)


def show_scores(scores: Arrays, given: Trained, data: str, csv: Path | None, json: bool) -> None:
    """Prints the scores with their data and weights, and what differs from a run's own data.

    The confusion matrix is written to `csv`.
    """
    for line in scores["changes"].tolist():
        print_line(f"googlenet: {line}", sys.stderr)
    report_images(scores, given.background)
    scored = scores["classes"].tolist()
    known = list(given.classes) or scored
    # The network may have more classes than there are names.
    names = known + [str(number) for number in range(len(known), len(scores["confusion"]))]
    if csv:
        write_confusion(csv, scores["confusion"], names)
    if json:
        about = {name: scores[name].tolist() for name in SCORES}
        about |= {"classes": names, "scored": scored}
        about |= {"data": data, "split": "test", "weights": given.label}
        documents.print_json(about)
        return
    print_scores(scores, names, scored, len(known))
    chosen = "; the best weights were chosen on these images" if scores["chosen"] else ""
    print_line(f"data: {data}, test images; weights: {given.label}{chosen}")
