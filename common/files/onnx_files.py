"""The weights of an ONNX model (its initializers), read without the package `onnx`.

Field numbers are those of `onnx.proto`.
"""

import json
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.budget import Budget, check_name, check_shape
from common.files.contents import Contents
from common.files.protobuf import content, decode_text, fields, sizes
from common.files.safetensors_file import check_metadata

PRODUCER, GRAPH, PROPERTIES = 2, 7, 14
INITIALIZER = 5
DIMENSIONS, KIND, FLOATS, NAME, RAW, DOUBLES, LOCATION = 1, 2, 4, 8, 9, 10, 14
# Initializers of other types, mostly integers, are not weights.
KINDS = {1: "<f4", 10: "<f2", 11: "<f8"}
OURS = "googlenet-family"
WEIGHT = re.compile(r"\.(weight|bias|running_mean|running_var)$")  # the names of weights in it


def read_onnx(file: bytes, budget: Budget) -> Contents:
    """The initializers of a model's graph; raises ValueError if the file is not valid.

    The metadata are kept if the model was exported by this project.
    """
    arrays: Arrays = {}
    about: dict[str, str] = {}
    producer = ""
    for number, value in fields(memoryview(file), budget):
        if number == GRAPH:
            for inner, tensor in fields(content(value), budget):
                if inner == INITIALIZER:
                    budget.take_arrays()
                    arrays |= read_tensor(content(tensor), budget)
        elif number == PRODUCER:
            producer = decode_text(value)
        elif number == PROPERTIES:
            entries = fields(content(value), budget)
            pair = {field: decode_text(entry) for field, entry in entries if field in (1, 2)}
            about[pair.get(1, "")] = pair.get(2, "")
    if producer == OURS:  # without the constants of the graph
        arrays = {name: array for name, array in arrays.items() if WEIGHT.search(name)}
    if not arrays:
        raise ValueError("its graph contains no weights")
    return Contents({"": arrays}, own_metadata(about) if producer == OURS else {})


def own_metadata(properties: Mapping[str, str]) -> dict:
    """The metadata of a model that this project exported; early exports only name the network."""
    try:
        about = check_metadata(json.loads(properties.get("googlenet", "{}")))
    except (TypeError, RecursionError) as error:
        raise ValueError(f"its metadata is invalid ({error})") from None
    return about or {key: properties[key] for key in ("network",) if key in properties}


def read_tensor(message: memoryview, budget: Budget) -> Arrays:
    """One initializer by name; empty if it is not floating-point."""
    shape: list[int] = []
    numbers, name, kind = bytearray(), "", 0
    for number, value in fields(message, budget):
        if number == DIMENSIONS:
            shape += sizes(value)
        elif number == KIND and isinstance(value, int):
            kind = value
        elif number == NAME:
            name = check_name(decode_text(value))
        elif number in (FLOATS, RAW, DOUBLES):
            numbers += content(value)
        elif number == LOCATION and value:
            raise ValueError("its weights are stored in an external data file")
    return {name: in_shape(name, numbers, kind, shape)} if kind in KINDS else {}


def in_shape(name: str, numbers: bytearray, kind: int, shape: list[int]) -> NDArray:
    """The numbers as an array of the declared shape."""
    flat = np.frombuffer(numbers, KINDS[kind])
    if not flat.size:
        raise ValueError(f"{name} holds no numbers")
    return flat.reshape(check_shape(shape, flat.size))
