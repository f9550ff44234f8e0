"""Statements over small inputs, each planned once and run for every file that asks the same.

To plan one of the statements that make rows of text takes the engine several times as long as to run it over a few
lines. What was planned holds as long as the catalog does: a temporary table or view, made or gone, plans it again.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from loglens.ingest.sql_text import KEPT_STATEMENTS, quoted

if TYPE_CHECKING:
    import duckdb

# A file of no more bytes, packed or not, has its statements planned for the others.
SMALL_BYTES = 1 << 20
_INPUT = re.compile(r"\bFROM input\b")


class _Input:
    """A table of the engine whose rows are those of the batches it has at the moment."""

    def __init__(self, name: str, schema: pa.Schema) -> None:
        self.name = name
        self.schema = schema
        self.batches: Sequence[pa.RecordBatch] = ()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, self.batches).__arrow_c_stream__(requested_schema)


class Planned:
    """The statements planned on one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._inputs: dict[pa.Schema, _Input] = {}
        self._names: OrderedDict[tuple[str, str, tuple[tuple[str, str], ...]], str] = OrderedDict()
        self._made = 0

    def rows(
        self, statement: str, schema: pa.Schema, batches: Sequence[pa.RecordBatch], values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Run a statement that reads the batches as `FROM input`, and return its rows."""
        read = self._input(schema)
        read.batches = batches
        try:
            name = self._plan(statement, read.name, {key: _type(value) for key, value in values.items()})
            given = ", ".join(f"{key} := {_literal(value)}" for key, value in values.items() if value is not None)
            return self._connection.execute(f"EXECUTE {name}({given})" if given else f"EXECUTE {name}").fetchall()
        finally:
            read.batches = ()

    def forget(self) -> None:
        """Forget everything: a transaction that was rolled back takes the views made in it along."""
        import duckdb

        for name in self._names.values():
            with suppress(duckdb.Error):
                self._connection.execute(f"DEALLOCATE {name}")
        self._names.clear()
        self._inputs.clear()

    def _input(self, schema: pa.Schema) -> _Input:
        if schema not in self._inputs:
            made = _Input(f"input_{len(self._inputs)}", schema)
            self._connection.register(made.name, made)
            self._inputs[schema] = made
        return self._inputs[schema]

    def _plan(self, statement: str, read: str, types: Mapping[str, str]) -> str:
        key = (statement, read, tuple(types.items()))
        if key in self._names:
            self._names.move_to_end(key)
            return self._names[key]
        text = _INPUT.sub(f"FROM {read}", statement)
        for name, kind in types.items():
            # Without its type known a parameter has the statement planned again each time; and what is none has none.
            given = f"${name}" if kind else "NULL"
            text = re.sub(rf"\${name}\b", f"CAST({given} AS {kind or 'VARCHAR'})", text)
        self._made += 1
        planned = f"planned_{self._made}"
        self._connection.execute(f"PREPARE {planned} AS {text}")
        self._names[key] = planned
        if len(self._names) > KEPT_STATEMENTS:
            _, oldest = self._names.popitem(last=False)
            self._connection.execute(f"DEALLOCATE {oldest}")
        return planned


def _type(value: object) -> str:
    if value is None:
        return ""
    return "BIGINT" if isinstance(value, int) else "VARCHAR"


def _literal(value: object) -> str:
    return f"{value}::{_type(value)}" if isinstance(value, int) else quoted(str(value))
