"""The weights in an ONNX model, its initializers, read without the package `onnx`.

The numbers of the fields are those of `onnx.proto`.
"""

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.budget import Budget, check_name, check_shape
from common.files.contents import Contents
from common.files.protobuf import content, fields, sizes, text

PRODUCER, GRAPH, PROPERTIES = 2, 7, 14
INITIALIZER = 5
DIMENSIONS, KIND, FLOATS, NAME, RAW, DOUBLES, LOCATION = 1, 2, 4, 8, 9, 10, 14
# What else a model keeps, whole numbers mostly, is no weight.
KINDS = {1: "<f4", 10: "<f2", 11: "<f8"}
OURS = "googlenet-family"


def read_onnx(file: bytes, budget: Budget) -> Contents:
    """The initializers of a model's graph; raises ValueError for a file that is not sound.

    What one that was exported here says of its network is kept.
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
            producer = text(value)
        elif number == PROPERTIES:
            parts = fields(content(value), budget)
            pair = {field: text(part) for field, part in parts if field in (1, 2)}
            about[pair.get(1, "")] = pair.get(2, "")
    if not arrays:
        raise ValueError("its graph holds no weights")
    ours = producer == OURS and "network" in about
    return Contents({"": arrays}, {"network": about["network"]} if ours else {})


def read_tensor(message: memoryview, budget: Budget) -> Arrays:
    """One initializer by its name; nothing where it is not floating-point."""
    shape: list[int] = []
    numbers, name, kind = bytearray(), "", 0
    for number, value in fields(message, budget):
        if number == DIMENSIONS:
            shape += sizes(value)
        elif number == KIND and isinstance(value, int):
            kind = value
        elif number == NAME:
            name = check_name(text(value))
        elif number in (FLOATS, RAW, DOUBLES):
            numbers += content(value)
        elif number == LOCATION and value:
            raise ValueError("its weights lie in a file of their own")
    return {name: in_shape(name, numbers, kind, shape)} if kind in KINDS else {}


def in_shape(name: str, numbers: bytearray, kind: int, shape: list[int]) -> NDArray:
    """The numbers in the shape that they are said to have."""
    flat = np.frombuffer(numbers, KINDS[kind])
    if not flat.size:
        raise ValueError(f"{name} holds no numbers")
    return flat.reshape(check_shape(shape, flat.size))
