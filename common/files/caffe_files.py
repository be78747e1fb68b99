"""Caffe's `.caffemodel`, read and written without Caffe: named layers, each with its blobs.

Field numbers are those of `caffe.proto`. An array is named by its layer and its number in the
layer: `conv1/7x7_s2/0`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.budget import Budget, check_name, check_shape
from common.files.contents import Contents
from common.files.protobuf import content, decode_text, encode, encode_varint, fields, sizes

# The fields of a model that hold its layers, in old files and in today's; for each, the fields of a
# layer that hold its name and its blobs.
LAYERS = {2: (4, 6), 100: (1, 7)}
TODAY = 100
SHAPE, DIMENSIONS = 7, 1
DATA = {5: "<f4", 8: "<f8"}  # a blob's numbers, as float32 or float64


def read_caffe(file: bytes, budget: Budget) -> Contents:
    """The arrays in a file; raises ValueError if it is not valid."""
    arrays: Arrays = {}
    for number, value in fields(memoryview(file), budget):
        if number in LAYERS:
            for name, array in read_layer(content(value), budget, *LAYERS[number]).items():
                if name in arrays:
                    raise ValueError(f"duplicate layer name {name.rpartition('/')[0]}")
                arrays[name] = array
    if not arrays:
        raise ValueError("no layer contains any weights")
    return Contents({"": arrays})


def read_layer(message: memoryview, budget: Budget, name_field: int, blobs_field: int) -> Arrays:
    """The blobs of a layer, by name."""
    name, blobs = "", []
    for number, value in fields(message, budget):
        if number == name_field:
            name = check_name(decode_text(value))
        elif number == blobs_field:
            budget.take_arrays()
            blobs.append(read_blob(content(value), budget))
    return {f"{name}/{index}": blob for index, blob in enumerate(blobs)}


def read_blob(message: memoryview, budget: Budget) -> NDArray:
    """A blob as an array; older files give its shape as four sizes."""
    four: dict[int, int] = {}
    shape: list[int] | None = None
    numbers = {field: bytearray() for field in DATA}
    for number, value in fields(message, budget):
        if number in DATA:
            numbers[number] += content(value)  # packed together or one by one
        elif number == SHAPE:
            pairs = fields(content(value), budget)
            shape = [size for field, each in pairs if field == DIMENSIONS for size in sizes(each)]
        elif number <= 4 and isinstance(value, int):
            four[number] = value
    field = max(field for field in DATA if numbers[field] or field == min(DATA))
    flat = np.frombuffer(numbers[field], DATA[field])
    wanted = shape if shape is not None else [four.get(each, 0) for each in (1, 2, 3, 4)]
    if not flat.size:
        raise ValueError("a blob of 0 numbers, which do not match the declared shape")
    return flat.reshape(check_shape(wanted, flat.size))


def write_caffe(arrays: Mapping[str, NDArray]) -> bytes:
    """The bytes of a file that Caffe loads into a net with layers of these names."""
    layers: dict[str, list[bytes]] = {}
    for name, array in arrays.items():
        layer, _, index = name.rpartition("/")
        blobs = layers.setdefault(layer, [])
        if index != str(len(blobs)):
            raise ValueError(f"{name}: the arrays of a layer are numbered from 0")
        dimensions = b"".join(map(encode_varint, array.shape))
        data = encode(5, np.ascontiguousarray(array, "<f4").tobytes())
        blobs.append(encode(SHAPE, encode(DIMENSIONS, dimensions)) + data)
    name_field, blobs_field = LAYERS[TODAY]
    return b"".join(
        encode(
            TODAY,
            encode(name_field, name.encode()) + b"".join(encode(blobs_field, b) for b in blobs),
        )
        for name, blobs in layers.items()
    )
