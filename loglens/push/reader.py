"""A reader of the store that stays open between two questions, as opening it takes as long as many an answer."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import duckdb


class Store(Protocol):
    """Opens the database, for reading and for short transactions."""

    def read(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open it for reading."""

    def write(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open it for one short transaction."""


class Reader:
    """Opens the database when it is asked something, and keeps it until it is let go, which lets others write."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open = ExitStack()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return the open database."""
        if self._connection is None:
            self._connection = self._open.enter_context(self._store.read())
        return self._connection

    def let_go(self) -> None:
        """Close it, where it is open."""
        self._connection = None
        self._open.close()
