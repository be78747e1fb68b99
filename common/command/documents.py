"""JSON documents for scripts, with the same contents as the tables."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite

from common.spec.plan import Node, Plan
from common.tools.analysis.compare import Comparison, FrameworkResult, Row
from common.tools.analysis.receptive_field import reach


def print_json(document: object) -> None:
    """Prints one JSON document on standard output."""
    print(json_text(document))


def json_text(document: object) -> str:
    """A document as JSON, with null for NaN and infinity, which JSON cannot represent."""
    return json.dumps(without_nan(document), indent=2)


def without_nan(value: object) -> object:
    """The value with None in place of NaN and infinity, also inside dicts and lists."""
    match value:
        case dict():
            return {name: without_nan(each) for name, each in value.items()}
        case list() | tuple():
            return list(map(without_nan, value))
        case float() if not isfinite(value):
            return None
    return value


def layer_json(node: Node) -> dict:
    """One layer as JSON."""
    return {
        "name": node.path,
        "type": type(node.layer).__name__,
        "input": list(node.input),
        "output": list(node.output),
        "parameters": node.parameter_count,
        "multiply_adds": node.multiply_adds,
    }


def totals_json(plan: Plan) -> dict:
    """A network and its totals as JSON."""
    return {
        "network": plan.spec.name,
        "origin": plan.spec.origin,
        "input": list(plan.spec.input),
        "classes": plan.spec.classes,
        "aux": plan.spec.aux,
        "trunk_parameters": plan.backbone_parameter_count,
        "parameters": plan.parameter_count,
        "multiply_adds": plan.multiply_adds,
        "depth": reach(plan).depth,
        "receptive_field": reach(plan).field,
        "preprocess": asdict(plan.spec.preprocess),
        "label_smoothing": plan.spec.label_smoothing,
        "loss_weights": plan.loss_weights(),
    }


def summary_json(plan: Plan) -> dict:
    """A network, its totals and every layer as JSON; a block comes before its contents."""
    layers = [layer_json(node) for node in plan.nodes() if node.path]
    return totals_json(plan) | {"layers": layers}


def comparison_json(comparison: Comparison) -> dict:
    """A whole comparison as JSON."""
    failures = comparison.failures()
    return totals_json(comparison.plan) | {
        "dtype": comparison.dtype,
        "tolerance": comparison.tolerance,
        "images": list(comparison.images),
        "layers": [
            layer_json(row.node) | {"frameworks": row_json(row, comparison.results)}
            for row in comparison.rows
        ],
        "workers": {"numpy": comparison.reference.metrics()}
        | {
            framework: result.report.metrics() if result.report else {"error": str(result.error)}
            for framework, result in comparison.results.items()
        },
        "failures": failures,
        "equal": not failures,
    }


def row_json(row: Row, results: Mapping[str, FrameworkResult]) -> dict:
    """Each framework's shape and difference for one row."""
    return {
        framework: {
            "shape": list(next(iter(result.wrong_shapes(row).values()), row.node.output)),
            "difference": result.difference(row),
        }
        for framework, result in results.items()
        if result.report
    }
