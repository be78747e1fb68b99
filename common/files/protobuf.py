"""The wire format of Protocol Buffers (protobuf.dev, "Encoding"): a message as numbered fields.

A declared length may not reach beyond the message. Only the messages that a reader asks for are
opened, so nesting costs nothing; each field takes one operation of the file's budget.
"""

from collections.abc import Iterator

from common.files.budget import MAX_AXES, Budget

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
SIZES = {EIGHT_BYTES: 8, FOUR_BYTES: 4}


def fields(message: memoryview, budget: Budget) -> Iterator[tuple[int, int | memoryview]]:
    """The number and value of each field: an integer, or bytes, which are not copied.

    Raises ValueError if the message is not valid.
    """
    offset = 0
    while offset < len(message):
        tag, offset = varint(message, offset)
        number, kind = tag >> 3, tag & 7
        budget.take_operations()
        if not number:
            raise ValueError("a field 0")
        if kind == VARINT:
            value, offset = varint(message, offset)
            yield number, value
            continue
        if kind != BYTES and kind not in SIZES:
            raise ValueError(f"a field of kind {kind}, which is not read")
        length, offset = (SIZES[kind], offset) if kind in SIZES else varint(message, offset)
        if length > len(message) - offset:
            raise ValueError(f"expected {length} bytes, found {len(message) - offset}")
        yield number, message[offset : offset + length]
        offset += length


def varint(message: memoryview, offset: int) -> tuple[int, int]:
    """An integer stored as 7 bits per byte, lowest bits first, and the offset after it."""
    value = 0
    for shift, byte in enumerate(message[offset : offset + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, offset + shift + 1
    raise ValueError("unterminated varint")


def content(value: int | memoryview) -> memoryview:
    """The bytes of a field that is a message, string or packed; raises ValueError for a number."""
    if isinstance(value, int):
        raise ValueError("expected bytes, found an integer")
    return value


def decode_text(value: int | memoryview) -> str:
    """A string field as text; raises ValueError if its bytes are not valid."""
    return bytes(content(value)).decode()


def sizes(value: int | memoryview) -> list[int]:
    """The sizes of a shape, a repeated field: one size, or several packed together."""
    if isinstance(value, int):
        return [value]
    numbers: list[int] = []
    offset = 0
    while offset < len(value) and len(numbers) <= MAX_AXES:
        number, offset = varint(value, offset)
        numbers.append(number)
    return numbers


def encode(number: int, value: bytes) -> bytes:
    """The encoding of a field of bytes."""
    return encode_varint(number << 3 | BYTES) + encode_varint(len(value)) + value


def encode_varint(value: int) -> bytes:
    """The encoding of an integer that `varint` reads."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
