"""What becomes of the records of a piece, so that each of its lines counts once: as part of records, or as rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from loglens.ingest.pieces import Reject
from loglens.ingest.reader import Counts


class Rejects(Protocol):
    """Where rejects are set aside."""

    def add(self, reject: Reject) -> None:
        """Set a reject aside."""
        ...


class KeptRejects(list[Reject]):
    """Rejects that wait in memory."""

    def add(self, reject: Reject) -> None:
        """Set a reject aside."""
        self.append(reject)


@dataclass
class Book:
    """The counts of a source and its rejects."""

    counts: Counts
    rejects: Rejects


class Tally:
    """Counts the records of one piece; the piece is settled once it is closed and nothing is pending."""

    def __init__(self, book: Book, line: int, lines: int) -> None:
        self.line = line
        self._book = book
        self._lines = lines
        self._pending = 0
        self._read = 0
        self._first_reject: Reject | None = None
        self._closed = False

    def expect(self, records: int) -> None:
        """Await some records."""
        self._pending += records

    def read(self, records: int, untimed: int = 0, made: int | None = None) -> None:
        """Count records as read that were awaited; `made` is how many rows they became, one each if not given."""
        self._pending -= records
        self._read += records
        self._book.counts.records += records if made is None else made
        self._book.counts.untimed += untimed
        self._settle()

    def skip(self, records: int) -> None:
        """Count records that were awaited and are of a kind that is not read."""
        self._pending -= records
        self._read += records
        self._book.counts.unread += records
        self._settle()

    def reject(self, reason: str, raw: str, awaited: int = 1) -> None:
        """Reject a record, or with nothing awaited the piece."""
        self._pending -= awaited
        if self._first_reject is None:
            self._first_reject = Reject(self.line, 0, reason, raw)
        else:
            self._book.rejects.add(Reject(self.line, 0, reason, raw))
        self._settle()

    def close(self) -> None:
        """Say that no further record of the piece will come."""
        self._closed = True
        self._settle()

    def _settle(self) -> None:
        if not self._closed or self._pending:
            return
        self._closed = False
        lines = 0 if self._read else self._lines
        if self._first_reject is not None:
            first = self._first_reject
            self._book.rejects.add(Reject(first.line, lines, first.reason, first.raw))
        if self._read or self._first_reject is None:
            self._book.counts.record_lines += self._lines
