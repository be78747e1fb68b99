"""The `doctor` command: checks the installed frameworks."""

from common.command import documents, show
from common.command.app import app
from common.command.options import (
    AsJson,
)
from common.command.progress import progress
from common.tools import doctor as doctors


@app.command()
def doctor(json: AsJson = False) -> None:
    """Check the installed frameworks.

    Each is started, and its version, threads and known problems are shown.
    """
    with progress() as report_progress:
        diagnosis = doctors.examine(report_progress)
    if json:
        documents.print_json(diagnosis)
    else:
        show.print_diagnosis(diagnosis)
