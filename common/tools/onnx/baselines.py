"""Programs that run ONNX models, to be timed alongside the frameworks."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import MissingFramework
from common.files import weights
from common.spec.plan import Plan
from common.threads import threads
from common.tools.onnx import run_onnx as run


class OnnxRuntime:
    """ONNX Runtime, as `-f onnx` uses it."""

    def __init__(self, plan: Plan, file: str) -> None:
        arrays = weights.load(Path(file), plan)
        self.compute = run.inference_function(run.load_network(plan, arrays, "float32"))

    def classify(self, x: NDArray) -> NDArray:
        """The logits for a batch N x C x H x W."""
        return self.compute(x)


class OpenVino:
    """OpenVINO, with its settings for low latency and float32."""

    def __init__(self, plan: Plan, file: str) -> None:
        try:
            import openvino
        except ImportError as error:
            raise MissingFramework(
                f"openvino is not installed ({error}); pip install '.[openvino]'"
            ) from None
        arrays = weights.load(Path(file), plan)
        model = run.load_network(plan, arrays, "float32").model.SerializeToString()
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads()}
        options |= {"INFERENCE_PRECISION_HINT": "f32"}
        core = openvino.Core()
        self.compiled = core.compile_model(core.read_model(model), "CPU", options)

    def classify(self, x: NDArray) -> NDArray:
        """The logits for a batch N x C x H x W."""
        return np.asarray(self.compiled([x])[0])


BASELINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino}
