"""The wire of protocol buffers: fields by their numbers, without knowing what they mean."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
SIZES = {FIXED64: 8, FIXED32: 4}
MAX_VARINT_BYTES = 10
MAX_NUMBER = (1 << 29) - 1

Buffer = bytes | memoryview


class BrokenWire(ValueError):
    """Bytes that are no fields of a message."""


class CutShort(BrokenWire):
    """A message that ends within a field."""


def read_varint(data: Buffer, place: int, end: int) -> tuple[int, int]:
    """Return the number at a place and the place behind it; raises BrokenWire."""
    value = shift = 0
    for at in range(place, min(end, place + MAX_VARINT_BYTES)):
        byte = data[at]
        value |= (byte & 127) << shift
        if byte < 128:
            return value & ((1 << 64) - 1), at + 1
        shift += 7
    if end - place < MAX_VARINT_BYTES:
        raise CutShort("ends within a number")
    raise BrokenWire(f"a number of more than {MAX_VARINT_BYTES} bytes")


def read_field(data: Buffer, place: int, end: int) -> tuple[int, int, int, int, int]:
    """Return a field: number, wire type, where its content begins and ends, and its value where that is a varint.

    Raises BrokenWire for what is no field, CutShort where the content would go on behind `end`.
    """
    tag, begin = read_varint(data, place, end)
    number, wire = tag >> 3, tag & 7
    if not 0 < number <= MAX_NUMBER:
        raise BrokenWire(f"a field numbered {number}")
    if wire == VARINT:
        value, behind = read_varint(data, begin, end)
        return number, wire, begin, behind, value
    if wire == BYTES:
        size, begin = read_varint(data, begin, end)
    elif wire in SIZES:
        size = SIZES[wire]
    else:
        raise BrokenWire(f"a field of wire type {wire}")
    if begin + size > end:
        raise CutShort(f"field {number} has {size} bytes, {end - begin} are left")
    return number, wire, begin, begin + size, 0


def read_fields(data: Buffer, place: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield the fields of a message as `read_field` returns them; raises BrokenWire."""
    end = len(data) if end is None else end
    while place < end:
        field = read_field(data, place, end)
        yield field
        place = field[3]
