"""The part of the data a question is about: from when, until when, and which service."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from loglens.errors import UsageError

if TYPE_CHECKING:
    import duckdb

    from loglens.analysis import Value

FIRST_NS = -(2**63)
LAST_NS = 2**63 - 1

# A time as a person gives it: text, a moment, or a span of time before the end of the data.
When = str | datetime | timedelta | None

_UNIT_NS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
    "w": 604_800 * 10**9,
}
_PART = re.compile(r"(\d+)(?:\.(\d{1,9}))?(ns|us|µs|ms|s|m|h|d|w)", re.ASCII)
_RELATIVE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_ABSOLUTE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A record later than the reading of its source has a wrong clock and must not move "the last two hours". Health is
# polled and metrics are scraped on and on: they tell the end only where no log record and no span does.
END_OF_DATA = """
    SELECT
        coalesce(
            greatest(
                (SELECT max(ts_ns) FROM logs JOIN sources USING (source_id) WHERE ts_ns <= ingested_ns),
                (SELECT max(start_ns) FROM spans JOIN sources USING (source_id) WHERE start_ns <= ingested_ns)
            ),
            greatest(
                (SELECT max(ts_ns) FROM metric_samples JOIN sources USING (source_id) WHERE ts_ns <= ingested_ns),
                (SELECT max(ts_ns) FROM health_checks JOIN sources USING (source_id) WHERE ts_ns <= ingested_ns)
            )
        ) AS latest_ns,
        (
            EXISTS (SELECT 1 FROM logs)
            OR EXISTS (SELECT 1 FROM spans)
            OR EXISTS (SELECT 1 FROM metric_samples)
            OR EXISTS (SELECT 1 FROM health_checks)
        ) AS has_records
"""
_BEGIN_OF_DATA = """
    SELECT
        coalesce(
            least((SELECT min(ts_ns) FROM logs), (SELECT min(start_ns) FROM spans)),
            least((SELECT min(ts_ns) FROM metric_samples), (SELECT min(ts_ns) FROM health_checks))
        ) AS earliest_ns
"""


@dataclass(frozen=True)
class Scope:
    """What a question is limited to; None means no limit."""

    since: When = None
    until: When = None
    service: str | None = None

    def binds(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Value]:
        """Return the values of since_ns (inclusive), until_ns (exclusive) and service.

        Raises UsageError where a time cannot be read or counts back from an end that no record tells, nothing can lie
        between the two, or the service is no text.
        """
        if not isinstance(self.service, str | None):
            raise UsageError(f"service {self.service!r} is not text.")
        bounds = resolve(self.since, self.until, lambda: end_to_count_from(connection))
        return {"since_ns": bounds[0], "until_ns": bounds[1], "service": self.service}


def is_limited(binds: Mapping[str, Any]) -> bool:
    """Whether the binds of a scope leave anything out."""
    return (binds["since_ns"], binds["until_ns"], binds["service"]) != (FIRST_NS, LAST_NS, None)


def told_limits(binds: Mapping[str, Any]) -> str:
    """Return what follows the name of things that are looked for in a part of the data only; empty where it is all."""
    return " of the time and service asked for" if is_limited(binds) else ""


def end_of_data(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the time of the latest record, in nanoseconds, or None where no record tells it."""
    latest_ns, _ = _one_row(connection, END_OF_DATA)
    return None if latest_ns is None else int(latest_ns)


def end_to_count_from(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the end of the data, or None where there is no record; raises UsageError where records do not tell it."""
    return end_told(*_one_row(connection, END_OF_DATA))


def end_told(latest_ns: int | None, has_records: bool) -> int | None:
    """Return the end of the data that END_OF_DATA found; raises UsageError where there are records, and none tells."""
    if latest_ns is None and has_records:
        raise UsageError(
            "No record has a time, up to when it was ingested, to count back from. Give a date, such as 2026-01-15."
        )
    return latest_ns


def begin_of_data(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the time of the earliest record, in nanoseconds, or None where no record tells it."""
    (earliest_ns,) = _one_row(connection, _BEGIN_OF_DATA)
    return None if earliest_ns is None else int(earliest_ns)


def _one_row(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    from loglens.store.store import fetch_row

    return fetch_row(connection, statement)


def resolve(
    since: When, until: When, end_ns: Callable[[], int | None], names: tuple[str, str] = ("since", "until")
) -> tuple[int, int]:
    """Turn two times, of these names, into nanoseconds; the end of the data is asked for only where one needs it."""
    since_ns = resolve_one(names[0], since, FIRST_NS, end_ns)
    until_ns = resolve_one(names[1], until, LAST_NS, end_ns)
    if since is not None and until is not None and since_ns >= until_ns:
        raise UsageError(f"{names[0]} {since} is not before {names[1]} {until}.")
    return since_ns, until_ns


def resolve_one(name: str, when: When, default: int, end_ns: Callable[[], int | None]) -> int:
    """Turn the time of this name into nanoseconds, or give the default where there is none."""
    if when is None:
        return default
    absolute, amount = parse_when(name, when)
    if absolute:
        return min(max(amount, FIRST_NS), LAST_NS)
    end = end_ns()
    return default if end is None else max(end - amount, FIRST_NS)


def parse_when(name: str, when: str | datetime | timedelta) -> tuple[bool, int]:
    """Return whether a time is absolute, and its nanoseconds: since the epoch, or before the end of the data."""
    if isinstance(when, timedelta):
        return False, (when // timedelta(microseconds=1)) * 1_000
    if isinstance(when, datetime):
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return True, ((aware - _EPOCH) // timedelta(microseconds=1)) * 1_000
    text = str(when).strip()
    if _RELATIVE.fullmatch(text):
        return False, parse_length(text)
    match = _ABSOLUTE.fullmatch(text)
    if match:
        try:
            return True, _absolute_ns(*match.groups())
        except ValueError as error:
            raise UsageError(f"{name} {text!r} is not a time: {error}.") from error
    raise UsageError(
        f"{name} {text!r} is not a time. Give 2026-01-15, 2026-01-15T09:30:00Z, or 30m, 2h, 7d, 1h30m"
        " before the end of the data."
    )


def parse_length(text: str) -> int:
    """Return the nanoseconds of a length of time such as 500ms, 2h or 1h30m; raises ValueError."""
    if not _RELATIVE.fullmatch(text):
        raise ValueError(f"{text!r} is not a length of time, such as 500ms, 10s, 5m, 2h or 1h30m")
    return sum(_part_ns(*part) for part in _PART.findall(text))


def _part_ns(whole: str, fraction: str, unit: str) -> int:
    return (int(whole) * 10**9 + int(fraction.ljust(9, "0"))) * _UNIT_NS[unit] // 10**9


def _absolute_ns(date: str, clock: str | None, seconds: str | None, fraction: str | None, offset: str | None) -> int:
    zone = "+00:00" if offset is None or offset in "Zz" else offset
    moment = datetime.fromisoformat(f"{date}T{clock or '00:00'}:{seconds or '00'}{zone}")
    whole = (moment - _EPOCH) // timedelta(seconds=1)
    return whole * 10**9 + int((fraction or "0").ljust(9, "0"))
