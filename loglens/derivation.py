"""What a derivation is: tables computed once from what was ingested, and only anew where that changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import duckdb


class Progress(Protocol):
    """Who wants to know how far the derivations are."""

    def start(self, title: str) -> None:
        """Say which derivation begins."""
        ...

    def advance(self, done_ratio: float) -> None:
        """Say how much of it is done, from 0 to 1."""
        ...


class Silent:
    """Progress nobody watches."""

    def start(self, title: str) -> None:
        """Take no notice."""

    def advance(self, done_ratio: float) -> None:
        """Take no notice."""


@dataclass(frozen=True)
class Work:
    """What a derivation gets: a writer inside a transaction, and what changed.

    The temporary table `changes(source_id, after_line)` names the sources whose rows after a line are new, replaced
    or gone since this derivation last ran. With `is_whole` its tables are empty and every row is new to it.
    """

    connection: duckdb.DuckDBPyConnection
    is_whole: bool
    progress: Progress = field(default_factory=Silent)


@dataclass(frozen=True)
class Derived:
    """What one run of a derivation did: in words, and what a user should know about it."""

    summary: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derivation:
    """One derivation: its tables are what `run` makes of the records, whatever was derived before.

    `tables` are all it writes; `views` are the views over them, so that a statement that names either brings it up
    to date. `run` leaves the tables as a run over everything would. `needs` are derivations whose tables it reads:
    they run before it. `version` is that of its rules: raise it when they change, and every store is derived again,
    with all that needs it.
    """

    name: str
    title: str
    version: int
    tables: tuple[str, ...]
    run: Callable[[Work], Derived]
    views: tuple[str, ...] = ()
    needs: tuple[Derivation, ...] = ()

    @property
    def rules(self) -> int:
        """The version of its rules and of those it builds on: any change of any of them gives another number."""
        return self.version + sum(need.rules for need in self.needs)
