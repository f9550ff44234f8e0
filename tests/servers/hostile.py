"""Log lines that are hard on a server: what people's programs write, and what nobody should."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

_VALUES: tuple[Any, ...] = (
    0, -1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 0.1, 1e308, -0.0, True, None, "", "x", "1", "NaN", [], {},
    [1, "a", None], {"a": 1}, [[]], [{"b": [1]}], "2026-01-01", "\x00", "\u2028", "\ud800", "é" * 300, "😀" * 300,
)  # fmt: skip
_RESERVED = (
    "@timestamp", "service", "level", "message", "trace_id", "span_id", "duration_ms", "status", "error", "resource",
    "attributes", "loglens.line", "loglens.source", "_id", "_index", "_source", "log", "event", "http", "user", "host",
)  # fmt: skip
_KEYS = (
    "",
    ".",
    "..",
    "a.",
    ".a",
    "a..b",
    "a.b",
    "a",
    " ",
    "\t",
    "\x00",
    "\x1f",
    "é",
    "_",
    "-",
    "*",
    "k" * 600,
    '"',
    "\\",
)
_TIMES = (
    "1500-01-01T00:00:00Z", "1677-09-21T00:12:43Z", "1969-12-31T23:59:59.999999999Z", "2262-04-11T23:47:16.854775807Z",
    "2262-04-11T23:47:17Z", "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "tomorrow", "", -1, 0, 1e300, 2**62, None,
)  # fmt: skip


def hostile_lines(number: int, seed: int = 7) -> list[str]:
    """Return log lines of every kind in turn; together they have five keys a line that no other line has."""
    chance = random.Random(seed)
    makers: tuple[Callable[[random.Random], Any], ...] = (
        _deep_object, _deep_list, _large, _conflicting, _reserved, _odd_keys, _out_of_time, _not_a_number, _control,
        _wide, _text,
    )  # fmt: skip
    lines = []
    for place in range(number):
        made = makers[place % len(makers)](chance)
        if isinstance(made, dict):
            own = {f"own{place}x{each}": chance.choice(_VALUES[:12]) for each in range(5)}
            document = {"time": "2026-01-15T09:00:00Z", "level": "info", **own, **made}
            made = json.dumps(document, ensure_ascii=chance.random() < 0.3)
        lines.append(made)
    return lines


def _nested(depth: int, value: Any, wrap: Callable[[Any], Any]) -> Any:
    for _ in range(depth):
        value = wrap(value)
    return value


def _deep_object(chance: random.Random) -> Any:
    return {"deep": _nested(chance.choice((5, 18, 19, 20, 21, 60, 200)), 1, lambda value: {"a": value})}


def _deep_list(chance: random.Random) -> Any:
    return {"deep": _nested(chance.choice((5, 18, 20, 21, 60, 200)), {"a": 1}, lambda value: [value])}


def _large(chance: random.Random) -> Any:
    size = chance.choice((*[1_000] * 9, 8_191, 8_192, 32_766, 32_767, 40_000))
    return {chance.choice(("message", "service", "large", "trace_id", "path")): chance.choice("xé😀") * size}


def _conflicting(chance: random.Random) -> Any:
    return {"conflict": chance.choice(_VALUES), "outer": chance.choice((1, {"inner": chance.choice(_VALUES)}))}


def _reserved(chance: random.Random) -> Any:
    return {chance.choice(_RESERVED): chance.choice(_VALUES) for _ in range(3)}


def _odd_keys(chance: random.Random) -> Any:
    return {chance.choice(_KEYS): chance.choice(_VALUES) for _ in range(4)}


def _out_of_time(chance: random.Random) -> Any:
    return {"time": chance.choice(_TIMES)}


def _not_a_number(chance: random.Random) -> str:
    word = chance.choice(("NaN", "-Infinity", "Infinity", "nan", "1e999", "-1e999", "12345678901234567890123456789"))
    key = chance.choice(("value", "duration_ms", "status"))
    return f'{{"time":"2026-01-15T09:00:00Z","message":"odd","{key}":{word},"list":[{word},1]}}'


def _control(chance: random.Random) -> Any:
    return {chance.choice(("message", "text", "service")): "".join(chr(chance.randrange(0x300)) for _ in range(60))}


def _wide(chance: random.Random) -> Any:
    return {f"wide{each}": chance.choice(_VALUES[:12]) for each in range(chance.choice((100, 1_100)))}


def _text(chance: random.Random) -> str:
    return chance.choice(
        ("no JSON at all \x1b[31m", '{"cut": "off', "{}", "[]", "null", '""', "\ufeff{}", '{"a":1}{"b":2}')
    )
