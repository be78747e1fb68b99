"""Runs a network on images in several frameworks, and shows progress meanwhile."""

from collections.abc import Sequence
from pathlib import Path

from common.arrays import Arrays
from common.command.progress import progress
from common.data import images
from common.spec.plan import Plan
from common.tools.analysis.compare import Comparison, compare


def compare_images(
    plan: Plan,
    files: Sequence[Path],
    frameworks: Sequence[str],
    dtype: str,
    plain: bool,
    kept: int,
    arrays: Arrays | None = None,
) -> Comparison:
    """The comparison on these images; reports progress while it runs."""
    x = images.batch(files, plan.spec.input, plan.spec.preprocess)
    names = [file.name for file in files]
    with progress() as report_progress:
        return compare(plan, x, names, frameworks, dtype, plain, report_progress, kept, arrays)
