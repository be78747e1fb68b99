"""One forward pass of a planned network in ONNX Runtime: arrays in, arrays out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.onnx.build import INPUT, build
from common.plan import Plan
from common.threads import threads

VERSION = onnxruntime.__version__
PROVIDERS = ["CPUExecutionProvider"]


@dataclass(frozen=True)
class Exported:
    """A planned network as an ONNX model; `outputs` names each layer's output inside."""

    plan: Plan
    model: onnx.ModelProto
    outputs: Mapping[str, str]


def choose_device(wanted: str) -> None:
    """Has what follows computed on the CPU, or a GPU where ONNX Runtime has one."""
    there = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if wanted == "cuda" and not there:
        raise UsageError("onnx: no CUDA device here; give --device cpu")
    if wanted != "cpu" and there:
        PROVIDERS.insert(0, "CUDAExecutionProvider")


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Exported:
    """The network with these weights; raises UsageError unless it computes in float32."""
    if dtype != "float32":
        raise UsageError(f"onnx: ONNX Runtime convolves in float32 alone, not in {dtype}")
    return Exported(plan, *build(plan, arrays))


def run(net: Exported, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The result, the heads' outputs and those of the layers at `paths`.

    `x` is N x C x H x W, and so are the maps that come out.
    """
    model = with_outputs(net.model, {net.outputs[path] for path in paths})
    session = start(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(names, {INPUT: x.astype(np.float32)}), strict=True))
    results = [net.plan.network.output, *net.plan.heads]
    return {name: found[name] for name in results} | {p: found[net.outputs[p]] for p in paths}


def grad(net: Exported, x: NDArray, labels: NDArray) -> Arrays:  # noqa: ARG001
    """Raises UsageError: what is exported is for inference."""
    raise UsageError("onnx: an exported network has no gradient; give another --framework")


def classifier(net: Exported) -> Callable[[NDArray], NDArray]:
    """What turns batches into results; ONNX Runtime makes it fast by itself."""
    session, output = start(net.model.SerializeToString()), net.plan.network.output
    return lambda x: np.asarray(session.run([output], {INPUT: x.astype(np.float32)})[0])


def count_parameters(net: Exported) -> int:
    """How many numbers of the model are learned."""
    learned = net.plan.parameters()
    return sum(prod(array.dims) for array in net.model.graph.initializer if array.name in learned)


def start(model: bytes | str) -> onnxruntime.InferenceSession:
    """A model, or the one in a file, made ready with a worker's threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=PROVIDERS)


def with_outputs(model: onnx.ModelProto, names: set[str]) -> onnx.ModelProto:
    """The model with those of its operators' outputs shown, too."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    for node in shown.graph.node:
        if node.output[0] in names:
            shown.graph.output.append(onnx.ValueInfoProto(name=node.output[0]))
    return shown
