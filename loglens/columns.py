"""The columns of an answer: what kind of value each holds, how it leaves DuckDB, and how it is written as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

Kind = Literal["text", "integer", "real", "decimal", "boolean", "time_ns", "time_us", "json", "nested"]

_INTEGERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_NESTED = re.compile(r".*\[\d*\]|STRUCT\(.*|MAP\(.*|UNION\(.*|VARIANT", re.DOTALL)
# What an infinite TIMESTAMP leaves DuckDB as; no finite one has these microseconds.
_INFINITY_US = 2**63 - 1
# Python's calendar ends at the year 9999, and the Gregorian one repeats after 400 years.
_CYCLE_S = 146_097 * 86_400
# Characters that JSON allows in a string and that can steer a terminal: DEL, C1 controls, bidi and line separators.
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

# What DuckDB's JSON has beyond RFC 8259; strings match first, so that nothing inside them is touched.
_LOOSE = re.compile(r'"(?:[^"\\]|\\.)*"|(,)(?=\s*[}\]])|-?(?:nan|inf(?:inity)?)', re.IGNORECASE)
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
# Readers that descend by recursion stop near a thousand.
_DEEPEST = 500


@dataclass(frozen=True)
class Column:
    """One column of an answer: its name, its DuckDB type and what it means."""

    name: str
    type: str
    meaning: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of its values, which decides how they are fetched and written."""
        return kind_of(self.type)

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in {"integer", "real", "decimal"}


def kind_of(type_name: str) -> Kind:
    """Return the kind of a DuckDB type."""
    if _NESTED.fullmatch(type_name):
        return "nested"
    if type_name.startswith("TIMESTAMP"):
        return "time_ns" if type_name == "TIMESTAMP_NS" else "time_us"
    if _INTEGERS.fullmatch(type_name) or (type_name.startswith("DECIMAL") and type_name.endswith(",0)")):
        return "integer"
    if type_name.startswith("DECIMAL"):
        return "decimal"
    kinds: dict[str, Kind] = {"BOOLEAN": "boolean", "FLOAT": "real", "DOUBLE": "real", "JSON": "json"}
    return kinds.get(type_name, "text")


def fetched(column: Column, reference: str) -> str:
    """Return the SQL expression that takes a value out of DuckDB without loss: times as integers, nested as JSON."""
    match column.kind:
        case "time_ns":
            return f"epoch_ns({reference})"
        case "time_us":
            return f"CASE WHEN isinf({reference}) THEN if({reference} > TIMESTAMP '1970-01-01', {_INFINITY_US}, " + (
                f"-{_INFINITY_US}) ELSE epoch_us({reference}) END"
            )
        case "nested":
            return f"CAST(to_json({reference}) AS VARCHAR)"
        case "integer":
            return f"CAST({reference} AS HUGEINT)" if column.type.startswith("DECIMAL") else reference
        case "text" | "json":
            return f"CAST({reference} AS VARCHAR)"
    return reference


def time_text(column: Column, value: int) -> str:
    """Return a time as RFC 3339 in UTC, with the digits it needs."""
    if column.kind == "time_us" and abs(value) == _INFINITY_US:
        return "infinity" if value > 0 else "-infinity"
    seconds, rest = divmod(value, 10**9 if column.kind == "time_ns" else 10**6)
    fraction = f"{rest:0{9 if column.kind == 'time_ns' else 6}d}".rstrip("0")
    cycles = 0
    if not -62_135_596_800 <= seconds < 253_402_300_800:
        cycles, seconds = divmod(seconds, _CYCLE_S)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    year = moment.year + 400 * cycles
    written = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+05d}"
    return f"{written}{moment:-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}Z"


def json_writer(column: Column) -> Callable[[Any], str]:
    """Return the function that writes a value of this column as JSON, for values that are not None."""
    if column.kind in {"time_ns", "time_us"}:
        return lambda value: f'"{time_text(column, value)}"'
    return _JSON_WRITERS[column.kind]


def quoted(text: str) -> str:
    """Return text as a JSON string that cannot steer a terminal."""
    written: str = _encoder()(text)
    return written if written.isascii() and "\x7f" not in written else _STEERING.sub(_escaped, written)


@cache
def _encoder() -> Callable[[str], str]:
    from json.encoder import encode_basestring

    return encode_basestring


def strict_json(text: str) -> str:
    """Return JSON text as DuckDB keeps it, on one line, otherwise as it was written.

    DuckDB takes NaN, Infinity and trailing commas for JSON, and RFC 8259 does not: the first two become null, the
    commas go. Text that other readers would not take even then, or nested too deep for them, becomes a string.
    """
    written = text.strip().replace("\r", " ").replace("\n", " ")
    if not _is_strict(written):
        written = _LOOSE.sub(lambda match: match[0] if match[0][0] == '"' else "" if match[1] else "null", written)
        if not _is_strict(written):
            return quoted(text)
    return written if written.isascii() and "\x7f" not in written else _STEERING.sub(_escaped, written)


def _is_strict(text: str) -> bool:
    import json

    constants: list[str] = []
    try:
        json.loads(text, parse_constant=constants.append)
    except (ValueError, RecursionError):
        return False
    return not constants and _depth(text) <= _DEEPEST


def _depth(text: str) -> int:
    """Return how deep JSON is nested, or 0 where it has too few brackets to be deep."""
    if text.count("{") + text.count("[") <= _DEEPEST:
        return 0
    depth = deepest = 0
    for match in _BRACKET.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _real(value: float) -> str:
    return repr(value) if math.isfinite(value) else "null"


def _decimal(value: Any) -> str:
    return format(value, "f")


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


_JSON_WRITERS: dict[Kind, Callable[[Any], str]] = {
    "text": quoted,
    "integer": str,
    "real": _real,
    "decimal": _decimal,
    "boolean": _boolean,
    "json": strict_json,
    "nested": strict_json,
}
