"""What an ingest did: one outcome a file, and their sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, Protocol

Action = Literal["new", "grown", "renamed", "again", "unchanged", "skipped", "failed"]

READ: tuple[Action, ...] = ("new", "grown", "renamed", "again")


@dataclass(frozen=True)
class Outcome:
    """What became of one path; the counts are those of this run."""

    path: str
    action: Action
    format: str = ""
    lines: int = 0
    blank_lines: int = 0
    records: int = 0
    rejects: int = 0
    untimed: int = 0
    unread: int = 0
    content_bytes: int = 0
    note: str = ""
    assumptions: dict[str, str] = field(default_factory=dict)
    is_damaged: bool = False


@dataclass
class IngestReport:
    """Everything one ingest did, in the order of the files."""

    database: str
    outcomes: list[Outcome] = field(default_factory=list)
    elapsed_s: float = 0.0

    def having(self, *actions: Action) -> list[Outcome]:
        """Return the outcomes with one of the actions."""
        return [outcome for outcome in self.outcomes if outcome.action in actions]

    @property
    def records(self) -> int:
        """Records read in this run."""
        return sum(outcome.records for outcome in self.outcomes)

    @property
    def rejects(self) -> int:
        """Rejects met in this run."""
        return sum(outcome.rejects for outcome in self.outcomes)

    @property
    def content_bytes(self) -> int:
        """Unpacked bytes read in this run."""
        return sum(outcome.content_bytes for outcome in self.having(*READ))

    @property
    def assumptions(self) -> Counter[tuple[str, str]]:
        """What was assumed, with the number of files it was assumed for."""
        return Counter(item for outcome in self.having(*READ) for item in outcome.assumptions.items())

    @property
    def exit_code(self) -> int:
        """0, or 1 where something named was missing, damaged or failed, or nothing at all could be read."""
        if any(outcome.action == "failed" or outcome.is_damaged for outcome in self.outcomes):
            return 1
        return 0 if self.having(*READ, "unchanged") else 1


class Progress(Protocol):
    """Who wants to know how far an ingest is."""

    def start(self, files: int, stored_bytes: int) -> None:
        """Say how much there is to do."""
        ...

    def advance(self, path: str, stored_bytes: int, records: int) -> None:
        """Say how far the file in work has been read, and how many records are in."""
        ...

    def finish(self, outcome: Outcome) -> None:
        """Say what became of a file."""
        ...


class Silent:
    """Progress nobody watches."""

    def start(self, files: int, stored_bytes: int) -> None:
        """Take no notice."""

    def advance(self, path: str, stored_bytes: int, records: int) -> None:
        """Take no notice."""

    def finish(self, outcome: Outcome) -> None:
        """Take no notice."""
