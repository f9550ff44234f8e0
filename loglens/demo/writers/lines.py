"""Lines with the time they were written, and how times and JSON are spelled."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from loglens.demo.engine import SECOND


@dataclass
class Lines:
    """The lines of one file in order, and what kinds of lines are among them."""

    lines: list[tuple[int, bytes]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, at_ns: int, text: str, kind: str, amount: int = 1) -> None:
        """Add a line (without its end) and count `amount` of a kind."""
        self.lines.append((at_ns, text.encode() + b"\n"))
        self.counts[kind] = self.counts.get(kind, 0) + amount


def iso_time(at_ns: int, digits: int) -> str:
    """Return a UTC time as 2026-01-15T09:00:00.123, with that many digits and no offset."""
    seconds, rest = divmod(at_ns, SECOND)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest:09d}"[: len(whole) + 1 + digits]


def compact_json(value: object) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
