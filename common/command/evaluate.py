"""The `evaluate` command: scores weights on a data set."""

import sys

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
from common.command.printable import print_line
from common.command.scores import print_scores
from common.command.scoring_options import NetworkName, Source, check_options, report_images
from common.command.trained import Trained, open_trained
from common.files.scratch import scratch_folder
from common.jobs.call import call
from common.tools.train.scoring_jobs import Evaluate

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
    json: AsJson = False,
) -> None:
    """Score weights or a run on a data set.

    The test split is scored; of a run, the best weights are used. The data are the run's own by
    default, and `digits` for other weights.
    """
    check_options(framework, device, on_error, dtype)
    with scratch_folder() as box:
        given = open_trained(source, name, preprocess, box)
        job = Evaluate(
            framework=framework,
            network=given.network,
            weights=str(given.path),
            data=data or given.data,
            preprocess=given.preprocess,
            background=given.background,
            skip=on_error == "skip",
            device=device,
            dtype=dtype,
            plain=plain,
            run=given.run,
        )
        scores = call(job).arrays
    show_scores(scores, given, data or given.data, json)


def show_scores(scores: Arrays, given: Trained, data: str, json: bool) -> None:
    """Prints the scores with their data and weights, and what differs from a run's own data."""
    for line in scores["changes"].tolist():
        print_line(f"googlenet: {line}", sys.stderr)
    report_images(scores, given.background)
    scored = scores["classes"].tolist()
    known = list(given.classes) or scored
    # The network may have more classes than there are names.
    names = known + [str(number) for number in range(len(known), len(scores["confusion"]))]
    if json:
        about = {name: scores[name].tolist() for name in SCORES}
        about |= {"classes": names, "scored": scored}
        about |= {"data": data, "split": "test", "weights": given.label}
        documents.print_json(about)
        return
    print_scores(scores, names, scored, len(known))
    chosen = "; the best weights were chosen on these images" if scores["chosen"] else ""
    print_line(f"data: {data}, test images; weights: {given.label}{chosen}")
