"""Writes a network as an ONNX file, which is checked before it is moved into place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from common.errors import CheckFailed
from common.files.atomic import atomic_file
from common.reference import network as reference
from common.reference.numerics import relative_difference
from common.spec.plan import Plan
from common.tools.onnx.build_onnx import INPUT, build, onnx_metadata
from common.tools.onnx.run_onnx import start

TOLERANCE = 1e-5
IMAGES = 2


def export(
    plan: Plan, arrays: Mapping[str, NDArray], path: Path, data: Mapping[str, Any] | None = None
) -> float:
    """Writes the file atomically, and returns the difference of its results from the reference.

    This is the largest difference, relative to the largest result, on two images of noise. Raises
    CheckFailed if the file is not valid ONNX or its results differ too much from the reference.
    """
    model, _ = build(plan, arrays)
    helper.set_model_props(model, onnx_metadata(plan, data))
    x = np.random.default_rng(0).standard_normal((IMAGES, *plan.spec.input), np.float32)
    expected = reference.forward_pass(reference.load_network(plan, arrays, "float64"), x, [])
    with atomic_file(path) as temporary:
        onnx.save(model, temporary)
        try:
            onnx.checker.check_model(str(temporary), full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise CheckFailed(
                f"{path}: is not a valid ONNX file and was discarded ({error})"
            ) from None
        outputs = start(str(temporary)).run(list(expected), {INPUT: x})
        apart = [
            relative_difference(y, expected[name])
            for name, y in zip(expected, outputs, strict=True)
        ]
        if not np.max(apart) <= TOLERANCE:
            raise CheckFailed(
                f"{path}: differs by {np.max(apart):.1e} from the reference; discarded"
            )
    return float(np.max(apart))
