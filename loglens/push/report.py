"""What a push did: a line for each table and each answer, and what is wrong with it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from loglens.answer import Answer
from loglens.columns import Column
from loglens.wording import counted

COLUMNS: tuple[Column, ...] = (
    Column("pushed", "VARCHAR", "Table of events, or answer."),
    Column("index", "VARCHAR", "Index, or what the names of its indices begin with."),
    Column("documents", "BIGINT", "Documents there were to push."),
    Column("sent", "BIGINT", "Documents that were sent in this push."),
    Column("retries", "BIGINT", "How many times a document was sent again, as it was not taken the first time."),
    Column("created", "BIGINT", "Documents the server had not."),
    Column("updated", "BIGINT", "Documents that had changed."),
    Column("duplicates", "BIGINT", "Documents the server had already, though nobody had told."),
    Column("unchanged", "BIGINT", "Documents that an earlier push had brought."),
    Column("refused", "BIGINT", "Documents the server refuses: table push_rejects says why."),
    Column("missing", "BIGINT", "Documents the server lacks when counted at the end."),
    Column("elapsed_s", "DOUBLE", "Seconds it took to send and to count them; answers are sent together."),
)
# How the outcomes are said, and those that are said even where there are none.
_OUTCOMES = {"created": "created", "updated": "updated", "duplicates": "there already", "refused": "refused",
             "missing": "missing"}  # fmt: skip
_TOLD = ("created", "refused", "missing")
_RARE = ("retries", "updated", "duplicates", "unchanged")


@dataclass
class Line:
    """What became of one table of events, or of one answer."""

    pushed: str
    index: str
    documents: int = 0
    sent: int = 0
    retries: int = 0
    created: int = 0
    updated: int = 0
    duplicates: int = 0
    unchanged: int = 0
    refused: int = 0
    missing: int = 0
    elapsed_s: float = 0.0
    begun_s: float = field(default_factory=time.monotonic, compare=False)

    def end(self) -> None:
        """Take the time since it began."""
        self.elapsed_s = round(time.monotonic() - self.begun_s, 3)


@dataclass
class PushReport:
    """What a push did; `reasons` are the commonest refusals, `notes` what one should know."""

    server: str = ""
    lines: list[Line] = field(default_factory=list)
    sent_bytes: int = 0
    elapsed_s: float = 0.0
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def retries(self) -> int:
        """How many times a document was sent again."""
        return sum(line.retries for line in self.lines)

    @property
    def exit_code(self) -> int:
        """1 where a document is missing or refused."""
        return int(any(line.missing or line.refused for line in self.lines))

    def summary(self) -> str:
        """Return in a sentence what was done, and that nothing was where nothing had to be."""
        total = {column.name: sum(getattr(line, column.name) for line in self.lines) for column in COLUMNS[2:]}
        if not total["documents"]:
            return f"{self.server}: nothing to send."
        documents = counted(total["sent"] or total["documents"], "document")
        if not total["sent"]:
            there = total["documents"] - total["refused"] - total["missing"]
            return f"{self.server}: nothing new to send; it has {there:,} of {documents}."
        told = [name for name in _OUTCOMES if total[name] or name in _TOLD]
        became = ", ".join(f"{total[name]:,} {_OUTCOMES[name]}" for name in told)
        return (
            f"{self.server}: {documents} sent ({self.sent_bytes / 1e6:,.1f} MB) in"
            f" {self.elapsed_s:.1f} s, {total['sent'] / max(self.elapsed_s, 0.001):,.0f} a second: {became};"
            f" {self.retries:,} sent again."
        )

    def answer(self) -> Answer:
        """Return the lines as rows of an answer."""
        return self._answer(COLUMNS)

    def table(self) -> Answer:
        """Return the same for people, without the time, and the outcomes that no document had."""
        none = {"elapsed_s"} | {name for name in _RARE if not any(getattr(line, name) for line in self.lines)}
        return self._answer(tuple(column for column in COLUMNS if column.name not in none))

    def _answer(self, columns: tuple[Column, ...]) -> Answer:
        rows = [tuple(getattr(line, column.name) for column in columns) for line in self.lines]
        # Where there is little room, what is sent and unchanged follows from the others.
        return Answer("Push", columns, rows, sql="", aside=("index", "sent", "unchanged"))


class PushProgress:
    """Told how a push goes on; this one says nothing."""

    def start(self, name: str, documents: int) -> None:
        """Say what comes next, and how many documents it has."""

    def advance(self, documents: int, retries: int, refused: int) -> None:
        """Say how many more documents have been answered for, and how many were sent again or refused."""
