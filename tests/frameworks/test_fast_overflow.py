"""Overflow shows in what `fast` returns, and the commands refuse it."""

import shutil

import numpy as np
import pytest
from conftest import noise, planned, seeded
from PIL import Image
from test_fast import HAS_BFLOAT16

from common.errors import DataError
from common.files import weights
from common.tools.train import scoring_work
from common.tools.train.scoring_jobs import Evaluate, Predict


def overflowing():
    """A plan and weights: the products of three convolutions in a row are too large for float32."""
    plan = planned("inception_v2", (33, 33), classes=2)
    arrays = seeded(plan)
    kernels = [name for name, shape in plan.array_shapes().items() if len(shape) == 4]
    for name in kernels[:4]:
        arrays[name] *= np.float32(1e25)
    return plan, arrays


def test_weights_that_overflow_show_in_every_batch(impl):
    plan, arrays = overflowing()
    quick = impl.runner.inference_function(impl.runner.load_network(plan, arrays, "float32"))
    for _ in range(3):
        assert not np.isfinite(quick(noise(plan).astype(np.float32))).all(axis=1).any()


def test_a_max_pool_over_nan_is_not_finite(impl):
    """oneDNN's own result is the lowest finite number, which later layers could make plausible."""
    plan = planned("googlenet.torchvision", (33, 33), classes=12)
    plan = plan.subplan(plan.body.children[:2])
    arrays = {name: np.full(shape, np.nan, "f4") for name, shape in plan.array_shapes().items()}
    quick = impl.runner.inference_function(impl.runner.load_network(plan, arrays, "float32"))
    for _ in range(3):
        assert not np.isfinite(quick(noise(plan).astype(np.float32))).any()


@pytest.mark.parametrize(
    ("dtype", "plain"), [("float32", False), ("float32", True), ("bfloat16", False)]
)
def test_weights_that_overflow_are_refused(impl, tmp_path, dtype, plain):
    if (impl.name, dtype) == ("paddle", "bfloat16") and not HAS_BFLOAT16:
        pytest.skip("Paddle's predictor fails in bfloat16 on this processor")
    plan, arrays = overflowing()
    file, image = tmp_path / "w.safetensors", tmp_path / "image.png"
    weights.write(file, arrays, plan)
    Image.fromarray(np.full((33, 33, 3), 200, np.uint8)).save(image)
    options = {"dtype": dtype, "plain": plain, "preprocess": "squeeze"}
    options |= {"framework": impl.name, "network": "inception_v2", "weights": str(file)}
    told = r"w\.safetensors: the logits are NaN"
    with pytest.raises(DataError, match=told):
        scoring_work.predict(Predict(files=[str(image)], **options))
    if not plain:  # `evaluate` is only tested in one case, for speed
        return
    for kind in ("a", "b"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for number in range(5):
            shutil.copy(image, tmp_path / "data" / kind / f"{number}.png")
    with pytest.raises(DataError, match=told):
        scoring_work.evaluate(Evaluate(data=f"folder:{tmp_path / 'data'}", **options))
