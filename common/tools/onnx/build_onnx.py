"""Builds an ONNX model from a plan, with one case per layer type."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from common import spec
from common.files import weights as weights_files
from common.spec import Shape, Size, pair
from common.spec.padding import Pads, mean_matrix
from common.spec.plan import Node, Plan

Values = tuple[float, ...]
# Versions that programs from 2022 support, and that have every layer type.
OPSET, IR_VERSION = 17, 8
INPUT, BATCH = "input", "N"


class Graph:
    """A graph under construction: operators that refer to each other's outputs by name.

    A layer's output is named after the layer's path if the layer computes anything.
    """

    def __init__(self, weights: Mapping[str, NDArray]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, NDArray] = {}
        self.outputs: dict[str, str] = {}  # by node path

    def apply(self, kind: str, name: str, *inputs: str, **attributes: Any) -> str:
        """Adds an operator whose output is called `name`, and returns that name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, values: object) -> str:
        """Adds a constant and returns its name."""
        self.constants[name] = np.asarray(values, np.float32)
        return name

    def weight(self, node: Node, name: str) -> str:
        """Adds one of a layer's arrays and returns its name."""
        return self.constant(f"{node.path}.{name}", self.weights[f"{node.path}.{name}"])


def build(plan: Plan, weights: Mapping[str, NDArray]) -> tuple[onnx.ModelProto, dict[str, str]]:
    """The network with its weights as an ONNX model, in evaluation mode, for any batch size.

    `input` is N x C x H x W; the outputs are the network's result and the heads, by name. Also
    returns the name of each layer's output inside the model, by the layer's path.
    """
    graph = Graph(weights)
    results = {plan.spec.output: add(graph, plan.body, INPUT)}
    for name, head in plan.heads.items():
        results[name] = add(graph, head, graph.outputs[plan.spec.heads[name].after])
    shapes = {plan.spec.output: plan.body.output} | {n: h.output for n, h in plan.heads.items()}
    for name, output in results.items():
        graph.apply("Identity", name, output)
    proto = helper.make_graph(
        graph.nodes,
        plan.spec.name,
        [value(INPUT, plan.spec.input)],
        [value(name, shape) for name, shape in shapes.items()],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="googlenet-family"
    )
    helper.set_model_props(model, onnx_metadata(plan))
    return model, graph.outputs


def onnx_metadata(plan: Plan, data: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The model's metadata: as in a weights file, and the preprocessing in plain English."""
    network = plan.spec
    how = network.preprocess
    return {
        "googlenet": json.dumps(weights_files.file_metadata(plan, data)),
        "network": network.name,
        "classes": str(network.classes),
        "image": how.resizing_text(*network.input[1:]),
        "values": how.value_text(),
    }


def value(name: str, shape: Shape) -> onnx.ValueInfoProto:
    """The declaration of an input or an output, for any batch size."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, *shape])


def add(graph: Graph, node: Node, x: str) -> str:
    """Adds a node with all its children, and returns the name of its output."""
    graph.outputs[node.path] = output = add_layer(graph, node, x)
    return output


def add_layer(graph: Graph, node: Node, x: str) -> str:
    """Adds the operators of a layer, and returns the name of its output."""
    name = node.path
    match node.layer:
        case spec.Conv(kernel=kernel, stride=stride, bias=bias):
            arrays = ["weight", "bias"] if bias else ["weight"]
            inputs = x, *(graph.weight(node, array) for array in arrays)
            return graph.apply("Conv", name, *inputs, **window(kernel, stride, node.pads))
        case spec.DepthwiseConv(kernel, stride):
            options = window(kernel, stride, node.pads) | {"group": node.input[0]}
            return graph.apply("Conv", name, x, graph.weight(node, "weight"), **options)
        case spec.BatchNorm(scale=scale):
            return add_batch_norm(graph, node, x, scale)
        case spec.LRN(size, alpha, beta):
            return graph.apply("LRN", name, x, size=size, alpha=alpha, beta=beta, bias=1.0)
        case spec.Affine(scale, shift):
            return add_affine(graph, node, x, scale, shift)
        case spec.MaxPool(kernel, stride):
            return graph.apply("MaxPool", name, x, **window(kernel, stride, node.pads))
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            options = window(kernel, stride, node.pads) | {"count_include_pad": int(counts_border)}
            return graph.apply("AveragePool", name, x, **options)
        case spec.AdaptiveAvgPool(size):
            return add_adaptive_means(graph, node, x, size)
        case spec.GlobalAvgPool():
            return graph.apply("GlobalAveragePool", name, x)
        case spec.ReLU():
            return graph.apply("Relu", name, x)
        case spec.Dropout():
            return x
        case spec.Flatten():
            return graph.apply("Flatten", name, x)
        case spec.Linear(bias=bias):
            arrays = ["weight", "bias"] if bias else ["weight"]
            inputs = x, *(graph.weight(node, array) for array in arrays)
            return graph.apply("Gemm", name, *inputs, transB=1)
        case spec.L2Norm():
            return graph.apply("LpNormalization", name, x, axis=1, p=2)
    return add_children(graph, node, x)


def add_children(graph: Graph, node: Node, x: str) -> str:
    """Adds a layer that contains other layers, and returns the name of its output."""
    match node.layer:
        case spec.Chain():
            for child in node.children:
                x = add(graph, child, x)
            return x
        case spec.Concat():
            branches = [add(graph, child, x) for child in node.children]
            return graph.apply("Concat", node.path, *branches, axis=1)
        case spec.Residual(scale=scale):
            branch, *shortcut = (add(graph, child, x) for child in node.children)
            factor = graph.constant(f"{node.path}.scale", scale)
            scaled = graph.apply("Mul", f"{node.path}.scaled", branch, factor)
            return graph.apply("Add", node.path, scaled, *(shortcut or [x]))
    raise TypeError(f"{node.path}: ONNX has nothing here for {node.layer!r}")


def window(kernel: Size, stride: Size, pads: Pads) -> dict[str, list[int]]:
    """The attributes of a window; ONNX lists the padding before both axes first."""
    before, after = zip(*pads, strict=True)
    return {
        "kernel_shape": list(pair(kernel)),
        "strides": list(pair(stride)),
        "pads": [*before, *after],
    }


def add_batch_norm(graph: Graph, node: Node, x: str, scale: bool) -> str:
    """Adds batch norm with the running statistics; ONNX requires a scale, so a missing one is 1."""
    ones = np.ones(node.input[0])
    factor = graph.weight(node, "weight") if scale else graph.constant(f"{node.path}.ones", ones)
    rest = (graph.weight(node, name) for name in ("bias", "running_mean", "running_var"))
    return graph.apply("BatchNormalization", node.path, x, factor, *rest, epsilon=node.eps)


def add_affine(graph: Graph, node: Node, x: str, scale: Values, shift: Values) -> str:
    """Adds a product and a sum with constants."""
    shape = (-1, *(1 for _ in node.input[1:]))
    factor = graph.constant(f"{node.path}.scale", np.reshape(scale, shape))
    term = graph.constant(f"{node.path}.shift", np.reshape(shift, shape))
    return graph.apply("Add", node.path, graph.apply("Mul", f"{node.path}.scaled", x, factor), term)


def add_adaptive_means(graph: Graph, node: Node, x: str, size: int) -> str:
    """Adds an adaptive pool as two matrix products; ONNX has no such operator."""
    rows, columns = node.input[1:]
    left = graph.constant(f"{node.path}.rows", mean_matrix(rows, size))
    right = graph.constant(f"{node.path}.columns", np.transpose(mean_matrix(columns, size)))
    return graph.apply(
        "MatMul", node.path, graph.apply("MatMul", f"{node.path}.means", left, x), right
    )
