"""A network written as an ONNX file, which is checked before it takes its name."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from common import judge
from common.errors import CheckFailed
from common.files.atomic import atomic_file
from common.onnx.build import INPUT, build
from common.onnx.run import start
from common.plan import Plan
from common.reference import relative

TOLERANCE = 1e-5
IMAGES = 2


def export(plan: Plan, arrays: Mapping[str, NDArray], path: Path) -> float:
    """Writes the file, whole or not at all; gives how far its results are from the judge's.

    That is the largest difference, relative to the largest result, on two images of noise. Raises
    CheckFailed where the file is no valid ONNX, or computes something else.
    """
    model, _ = build(plan, arrays)
    x = np.random.default_rng(0).standard_normal((IMAGES, *plan.network.input), np.float32)
    expected = judge.run(judge.load_network(plan, arrays, "float64"), x, [])
    with atomic_file(path) as temporary:
        onnx.save(model, temporary)
        try:
            onnx.checker.check_model(str(temporary), full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise CheckFailed(f"{path}: is no valid ONNX, and is not kept ({error})") from None
        found = start(str(temporary)).run(list(expected), {INPUT: x})
        apart = [relative(y, expected[name]) for name, y in zip(expected, found, strict=True)]
        if not np.max(apart) <= TOLERANCE:
            raise CheckFailed(
                f"{path}: differs by {np.max(apart):.1e} from the reference; it is not kept"
            )
    return float(np.max(apart))
