"""Acknowledgements: findings that are known and tolerated until a day, kept in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.errors import NotFound, UsageError
from loglens.finding import Finding
from loglens.scope import LAST_NS, parse_when

if TYPE_CHECKING:
    import duckdb

FOREVER = "forever"


@dataclass(frozen=True)
class Ack:
    """One acknowledgement; `until_ns` is None where it never ends."""

    fingerprint: str
    detector: str
    service: str | None
    subject: str
    reason: str
    until_ns: int | None

    def holds(self, now_ns: int) -> bool:
        """Whether it has not ended."""
        return self.until_ns is None or now_ns < self.until_ns


def parse_until(text: str, now_ns: int) -> int | None:
    """Return when an acknowledgement ends: a time, a length of time from now on, or None for `forever`.

    Raises UsageError for anything else, and for what has passed.
    """
    if text.strip().lower() == FOREVER:
        return None
    is_absolute, amount = parse_when("until", text)
    until_ns = amount if is_absolute else now_ns + amount
    if until_ns <= now_ns:
        raise UsageError(f"until {text!r} has passed. Give a day to come, 90d from now on, or {FOREVER}.")
    if until_ns > LAST_NS:
        raise UsageError(f"until {text!r} is later than 2262, where nanoseconds end. Say {FOREVER}.")
    return until_ns


def stored_acks(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Ack]:
    """Return all acknowledgements by fingerprint."""
    rows = connection.execute(
        "SELECT fingerprint, detector, service, subject, reason, until_ns FROM acks ORDER BY acked_ns, fingerprint"
    ).fetchall()
    return {row[0]: Ack(*row) for row in rows}


def store_ack(
    connection: duckdb.DuckDBPyConnection, finding: Finding, reason: str, until_ns: int | None, now_ns: int
) -> Ack:
    """Store an acknowledgement of a finding in place of an earlier one, and return it."""
    ack = Ack(finding.fingerprint, finding.detector, finding.service, finding.subject, reason, until_ns)
    values = [*vars(ack).values(), now_ns]
    connection.execute(
        "INSERT OR REPLACE INTO acks (fingerprint, detector, service, subject, reason, until_ns, acked_ns)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return ack


def drop_ack(connection: duckdb.DuckDBPyConnection, prefix: str) -> Ack:
    """Remove the acknowledgement whose fingerprint begins so, and return it; raises NotFound or UsageError."""
    acks = stored_acks(connection)
    ack = acks[only_one(prefix, acks, "acknowledged finding")]
    connection.execute("DELETE FROM acks WHERE fingerprint = ?", [ack.fingerprint])
    return ack


def only_one(prefix: str, fingerprints: Mapping[str, object], what: str) -> str:
    """Return the one fingerprint that begins so; raises NotFound where none does, UsageError where several do."""
    found = [each for each in fingerprints if prefix and each.startswith(prefix.lower())]
    if not found:
        known = ", ".join(fingerprint[:8] for fingerprint in fingerprints) or "none"
        raise NotFound(f"No {what} {prefix!r}. There is: {known}.")
    if len(found) > 1:
        raise UsageError(f"{prefix!r} begins more than one fingerprint: {', '.join(found)}.")
    return found[0]
