"""Lengths of time as a person writes them."""

from __future__ import annotations

import re
from decimal import Decimal

_UNIT_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9}
_UNIT_NS["d"] = 24 * _UNIT_NS["h"]
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|h|d)")


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a length of time such as 500ms, 1.5s or 1h30m; raises ValueError for anything else."""
    if not re.fullmatch(rf"(?:{_PART.pattern}\s*)+", text.strip()):
        raise ValueError(f"{text!r} is not a length of time such as 500ms, 10s or 1h30m")
    return int(sum(Decimal(number) * _UNIT_NS[unit] for number, unit in _PART.findall(text)))
