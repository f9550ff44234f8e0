"""The answer to a question: its columns and rows, before anyone draws or keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from loglens.analysis import Row
from loglens.columns import Column


@dataclass(frozen=True)
class Drawn:
    """An answer in a format that its analysis alone offers; the text comes while the database is open."""

    name: str
    suffixes: tuple[str, ...]
    text: Callable[[], Iterator[str]]


@dataclass
class Answer:
    """Columns, and rows as tuples in their order; times are integers and JSON is text, as `columns.fetched` says.

    The rows may come straight from the database, once: `left_out`, the number of rows beyond the limit, is known
    when they have all been read. `sql` is one statement without binds that gives the same rows, for `Lens.sql`;
    `notes` are sentences that belong to the answer and are no data; `none` is the one that takes the place of a table
    or drawing without rows. Of the columns in `ordered` the largest values come first.
    """

    title: str
    columns: tuple[Column, ...]
    tuples: Iterable[tuple[Any, ...]]
    sql: str
    greyed: str | None = None
    subject: str | None = None
    aside: Sequence[str] = ()
    ordered: Sequence[str] = ()
    grouped: Sequence[str] = ()
    drawings: Sequence[Drawn] = ()
    draw: Callable[[Sequence[Row], int], str] | None = None
    notes: Sequence[str] = ()
    none: Callable[[], str] | None = None
    left_out: int = field(default=0, compare=False)

    def held(self) -> Answer:
        """Return the same answer with all its rows in memory."""
        kept = list(self.tuples)
        said = self.none() if self.none is not None and not kept else None
        return replace(self, tuples=kept, none=None if said is None else lambda: said)

    def rows(self) -> list[Row]:
        """Return the rows as `Analysis` functions see them."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, values, strict=True)) for values in self.tuples]
