"""Ids, times, enums and counts of OTLP records, whatever their spelling."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from loglens.ingest.formats.otlp_values import Malformed, Number
from loglens.ingest.levels import LEVEL_NAMES
from loglens.ingest.timestamps import LAST_NS

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")
HEX = re.compile(r"[0-9a-fA-F]+")
DIGITS = re.compile(r"[0-9]+")
TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
_UNUSUAL_ID = re.compile(r'"(?:trace(?:Id|_id)"\s*:\s*"(?![0-9a-f]{32}")|span(?:Id|_id)"\s*:\s*"(?![0-9a-f]{16}"))')
# What JSON text is made of, as far as it tells the ids of a link from what is inside its texts and its other members.
_PART = re.compile(
    r'(?P<key>"(?P<what>trace|span)(?:Id|_id)"\s*:\s*)"(?P<id>(?:[^"\\]|\\/)*)"|"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL
)
_LINK_DEPTH = 2


def read_id(value: Any, what: str, size: int) -> str | None:
    """Return an id in lower-case hex, None where it is absent, empty or all zeros; raises Malformed."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or isinstance(value, Number):
        raise Malformed(f"{what} is not text")
    is_hex = len(value) == 2 * size and HEX.fullmatch(value)
    text = value.lower() if is_hex else _from_base64(value, what, size)
    return text if text.strip("0") else None


def _from_base64(value: str, what: str, size: int) -> str:
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), altchars=_altchars(value), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != size:
        raise Malformed(f"{what} is neither {2 * size} hex digits nor base64 of {size} bytes: {value[:80]!r}")
    return decoded.hex()


def with_hex_ids(links: str) -> str:
    """Return the JSON list of links with their ids in lower-case hex; all else, and what is no id, stays as written."""
    if not _UNUSUAL_ID.search(links):
        return links
    depth = 0

    def read(part: re.Match[str]) -> str:
        nonlocal depth
        depth += (part[0] in ("[", "{")) - (part[0] in ("]", "}"))
        return _in_hex(part) if part["id"] and depth == _LINK_DEPTH else part[0]

    return _PART.sub(read, links)


def _in_hex(member: re.Match[str]) -> str:
    size = TRACE_ID_BYTES if member["what"] == "trace" else SPAN_ID_BYTES
    try:
        found = read_id(member["id"].replace("\\/", "/"), member["what"], size)
    except Malformed:
        found = None
    return f'{member["key"]}"{found}"' if found else member[0]


def _altchars(value: str) -> bytes | None:
    return b"-_" if "-" in value or "_" in value else None


def read_time(value: Any) -> tuple[int | None, bool]:
    """Return nanoseconds since the epoch and whether the value could be read; absent and zero are no time."""
    if value is None:
        return None, True
    if isinstance(value, str) and DIGITS.fullmatch(value) and len(value) < 40:
        time = int(value)
        return (time or None, True) if time <= LAST_NS else (None, False)
    return None, False


def read_enum(value: Any, names: tuple[str, ...], prefix: str) -> tuple[str, bool]:
    """Return the name of an enum value given as number or name, and whether it is one of the names."""
    if value is None:
        return names[0], True
    if isinstance(value, str):
        if DIGITS.fullmatch(value) and len(value) < 4 and int(value) < len(names):
            return names[int(value)], True
        name = value.upper().removeprefix(prefix)
        if name in names:
            return name, True
    return names[0], False


def severity_of_text(text: str) -> int | None:
    """Return the severity number a level name stands for, such as 17 for `error` and 18 for `ERROR2`."""
    word = text.strip().lower().removeprefix("severity_number_")
    step = 0
    if word[-1:] in ("2", "3", "4"):
        word, step = word[:-1], int(word[-1]) - 1
    base = LEVEL_NAMES.get(word)
    return None if base is None else base + step


def severity_name(number: int | None) -> str | None:
    """Return the short name of a severity number, such as INFO for 9 and INFO2 for 10."""
    if number is None:
        return None
    name = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")[(number - 1) // 4]
    return name if number % 4 == 1 else f"{name}{(number - 1) % 4 + 1}"


def read_severity(value: Any) -> tuple[int | None, bool]:
    """Return a severity number given as number or name, None for unspecified, and whether it could be read."""
    if value is None:
        return None, True
    if not isinstance(value, str):
        return None, False
    if DIGITS.fullmatch(value) and len(value) < 4:
        number = int(value)
        return (number or None, True) if number <= 24 else (None, False)
    if value.upper() == "SEVERITY_NUMBER_UNSPECIFIED":
        return None, True
    number_of_name = severity_of_text(value)
    return number_of_name, number_of_name is not None
