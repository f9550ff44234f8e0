"""Messages of OTLP protobuf into the JSON form of the same record, so that one reader knows what records mean."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from loglens.ingest.formats.otlp_messages import MESSAGES, Member
from loglens.ingest.formats.otlp_values import Malformed
from loglens.ingest.protobuf_wire import BYTES, FIXED32, FIXED64, VARINT, BrokenWire, Buffer, read_fields, read_varint

# The member that keeps fields which the tables do not know, by their number.
UNKNOWN = "unknownFields"
ID_BYTES = (0, 8, 16)
_double = struct.Struct("<d").unpack_from
Found = dict[int, list[str]]


def transcode(data: Buffer, message: str) -> str:
    """Write a message as JSON; raises Malformed for bytes that are none, RecursionError for one nested too deep."""
    try:
        return _object(data, 0, len(data), message)
    except BrokenWire as error:
        raise Malformed(f"no {message}: {error}") from None


def unknown_text(data: Buffer, fields: list[tuple[int, int, int, int, int]]) -> str:
    """Write the value of UNKNOWN for fields as `read_field` returns them."""
    found: Found = {}
    for number, wire, begin, end, value in fields:
        found.setdefault(number, []).append(_unread(data, wire, begin, end, value))
    return "{" + ",".join(f'"{number}":[{",".join(values)}]' for number, values in sorted(found.items())) + "}"


def _object(data: Buffer, begin: int, end: int, message: str) -> str:
    table = MESSAGES[message]
    found: Found = {}
    parts: dict[int, bytes] = {}
    unread = []
    for field in read_fields(data, begin, end):
        number, wire, start, stop, value = field
        member = table.get(number)
        if member is None:
            unread.append(field)
        elif member.kind in MESSAGES:
            _expect(wire == BYTES, member, wire)
            if member.is_list:
                found.setdefault(number, []).append(_object(data, start, stop, member.kind))
            else:
                # Parts of one message are merged, and that is what the bytes of both after one another are.
                parts[number] = parts.get(number, b"") + bytes(data[start:stop])
        elif member.is_list:
            found.setdefault(number, []).extend(_list(data, member, field))
        else:
            found[number] = [_scalar(data, member, wire, start, stop, value)]
    for number, content in parts.items():
        found[number] = [_object(content, 0, len(content), table[number].kind)]
    return _written(table, found, unknown_text(data, unread) if unread else "")


def _written(table: Mapping[int, Member], found: Found, unknown: str) -> str:
    members = []
    for number, member in table.items():
        if number in found:
            values = found[number]
            members.append(f'"{member.name}":' + (f"[{','.join(values)}]" if member.is_list else values[0]))
    if unknown:
        members.append(f'"{UNKNOWN}":{unknown}')
    return "{" + ",".join(members) + "}"


def _list(data: Buffer, member: Member, field: tuple[int, int, int, int, int]) -> list[str]:
    """Write the elements of a repeated scalar, packed into one field or one by one."""
    _, wire, start, stop, value = field
    expected, size, _ = SCALARS[member.kind]
    if wire != BYTES or expected == BYTES:
        return [_scalar(data, member, wire, start, stop, value)]
    if expected == VARINT:
        values = []
        while start < stop:
            number, start = read_varint(data, start, stop)
            values.append(SCALARS[member.kind][2](data, start, start, number))
        return values
    if (stop - start) % size:
        raise Malformed(f"{member.name} has {stop - start} bytes, no multiple of {size}")
    write = SCALARS[member.kind][2]
    return [write(data, place, place + size, 0) for place in range(start, stop, size)]


def _scalar(data: Buffer, member: Member, wire: int, start: int, stop: int, value: int) -> str:
    expected, _, write = SCALARS[member.kind]
    _expect(wire == expected, member, wire)
    return write(data, start, stop, value)


def _expect(is_met: bool, member: Member, wire: int) -> None:
    if not is_met:
        raise Malformed(f"{member.name} has wire type {wire}")


def _text(data: Buffer, start: int, stop: int, _: int) -> str:
    try:
        return json.dumps(bytes(data[start:stop]).decode(), ensure_ascii=False)
    except UnicodeDecodeError as error:
        raise Malformed(f"a text is not UTF-8: byte 0x{data[start + error.start]:02x} in it") from None


def _base64(data: Buffer, start: int, stop: int, _: int) -> str:
    return f'"{base64.b64encode(data[start:stop]).decode()}"'


def _id(data: Buffer, start: int, stop: int, _: int) -> str:
    if stop - start not in ID_BYTES:
        raise Malformed(f"an id of {stop - start} bytes")
    return f'"{bytes(data[start:stop]).hex()}"'


def _signed(size: int) -> Callable[[Buffer, int, int, int], str]:
    def write(data: Buffer, start: int, stop: int, _: int) -> str:
        return f'"{int.from_bytes(data[start : start + size], "little", signed=True)}"'

    return write


def _fixed64(data: Buffer, start: int, stop: int, _: int) -> str:
    return f'"{int.from_bytes(data[start:stop], "little")}"'


def _fixed32(data: Buffer, start: int, stop: int, _: int) -> str:
    return str(int.from_bytes(data[start:stop], "little"))


def _float(data: Buffer, start: int, _stop: int, _: int) -> str:
    (value,) = _double(data, start)
    if math.isfinite(value):
        return repr(value)
    return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'


def _int64(_data: Buffer, _start: int, _stop: int, value: int) -> str:
    return f'"{value - (1 << 64) if value >> 63 else value}"'


def _uint64(_data: Buffer, _start: int, _stop: int, value: int) -> str:
    return f'"{value}"'


def _int32(_data: Buffer, _start: int, _stop: int, value: int) -> str:
    return str(value - (1 << 64) if value >> 63 else value)


def _sint32(_data: Buffer, _start: int, _stop: int, value: int) -> str:
    return str((value >> 1) ^ -(value & 1))


def _bool(_data: Buffer, _start: int, _stop: int, value: int) -> str:
    return "true" if value else "false"


# Scalar kind -> its wire type, its bytes where they are always as many, and how it is written.
SCALARS: Mapping[str, tuple[int, int, Callable[[Any, int, int, int], str]]] = {
    "string": (BYTES, 0, _text),
    "bytes": (BYTES, 0, _base64),
    "id": (BYTES, 0, _id),
    "bool": (VARINT, 0, _bool),
    "int64": (VARINT, 0, _int64),
    "uint64": (VARINT, 0, _uint64),
    "uint32": (VARINT, 0, _int32),
    "sint32": (VARINT, 0, _sint32),
    "fixed32": (FIXED32, 4, _fixed32),
    "fixed64": (FIXED64, 8, _fixed64),
    "sfixed64": (FIXED64, 8, _signed(8)),
    "double": (FIXED64, 8, _float),
}


def _unread(data: Buffer, wire: int, begin: int, end: int, value: int) -> str:
    if wire == BYTES:
        return _base64(data, begin, end, 0)
    return _uint64(data, begin, end, value) if wire == VARINT else _fixed64(data, begin, end, 0)
