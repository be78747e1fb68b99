"""Forward passes of a network in ONNX Runtime, with NumPy arrays in and out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.spec.plan import Plan
from common.threads import threads
from common.tools.onnx.build_onnx import INPUT, build

VERSION = onnxruntime.__version__
PROVIDERS = ["CPUExecutionProvider"]


@dataclass(frozen=True)
class Exported:
    """A network as an ONNX model; `outputs` maps layer paths to names of outputs in the model."""

    plan: Plan
    model: onnx.ModelProto
    outputs: Mapping[str, str]


def choose_device(wanted: str) -> None:
    """Sets the device for later computations: the CPU, or a GPU if ONNX Runtime supports one.

    Raises UsageError if `cuda` is wanted and not available.
    """
    there = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if wanted == "cuda" and not there:
        raise UsageError("onnx: no CUDA device found; use --device cpu")
    if wanted != "cpu" and there:
        PROVIDERS.insert(0, "CUDAExecutionProvider")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Exported:
    """The network with these weights; raises UsageError unless `dtype` is float32."""
    if dtype != "float32":
        raise UsageError(f"onnx: ONNX Runtime computes in float32 only, not in {dtype}")
    return Exported(plan, *build(plan, arrays))


def forward_pass(net: Exported, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The outputs of the network, of its heads and of the layers at `paths`.

    `x` and the returned feature maps are N x C x H x W.
    """
    model = with_outputs(net.model, {net.outputs[path] for path in paths})
    session = start(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, {INPUT: x.astype(np.float32)}), strict=True))
    results = [net.plan.spec.output, *net.plan.heads]
    return {name: outputs[name] for name in results} | {p: outputs[net.outputs[p]] for p in paths}


def grad(net: Exported, x: NDArray, labels: NDArray) -> Arrays:  # noqa: ARG001
    """Raises UsageError, because an exported network is for inference."""
    raise UsageError("onnx: an exported network has no gradient; choose another --framework")


def inference_function(net: Exported) -> Callable[[NDArray], NDArray]:
    """The inference function for `net`, from batches to results, in NumPy."""
    session, output = start(net.model.SerializeToString()), net.plan.spec.output
    return lambda x: np.asarray(session.run([output], {INPUT: x.astype(np.float32)})[0])


def count_parameters(net: Exported) -> int:
    """The number of learned parameters in the model."""
    learned = net.plan.parameter_shapes()
    return sum(prod(array.dims) for array in net.model.graph.initializer if array.name in learned)


def start(model: bytes | str) -> onnxruntime.InferenceSession:
    """An inference session for a model or a model file, with a worker's number of threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=PROVIDERS)


def with_outputs(model: onnx.ModelProto, names: set[str]) -> onnx.ModelProto:
    """A copy of the model that also returns the operator outputs with these names."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    for node in shown.graph.node:
        if node.output[0] in names:
            shown.graph.output.append(onnx.ValueInfoProto(name=node.output[0]))
    return shown
