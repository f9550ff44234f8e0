"""Statements: one SELECT with its values, whose columns are told and whose rows stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loglens.analysis import Row
from loglens.answer import Answer
from loglens.columns import Column, fetched
from loglens.errors import UsageError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Rows taken from DuckDB at a time: enough to hide the call, few enough to stream.
_CHUNK = 2_000
_BIND = re.compile(r"\$([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Statement:
    """One SELECT with the values of its binds."""

    connection: duckdb.DuckDBPyConnection
    sql: str
    binds: Mapping[str, Any]

    def columns(self, meanings: Mapping[str, str]) -> tuple[Column, ...]:
        """Return its columns; a name that comes twice gets a number."""
        described = self._run("DESCRIBE\n" + self.sql).fetchall()
        taken: dict[str, int] = {}
        columns = []
        for name, type_name, *_ in described:
            taken[name] = taken.get(name, 0) + 1
            unique = name if taken[name] == 1 else f"{name}_{taken[name]}"
            columns.append(Column(unique, type_name, meanings.get(name, "")))
        return tuple(columns)

    def fetch(self, columns: Sequence[Column], limit: int = 0) -> Iterator[tuple[Any, ...]]:
        """Yield its rows, at most `limit` where that is not 0, each value as `columns.fetched` says."""
        names = [f"c{index}" for index in range(len(columns))]
        taken = ", ".join(fetched(column, name) for column, name in zip(columns, names, strict=True))
        cut = f" LIMIT {limit}" if limit else ""
        # No value is written into the text: it wraps a whole statement in expressions made of c0, c1, ...
        wrapped = f"SELECT {taken} FROM ({self.sql}\n) AS answer({', '.join(names)}){cut}"  # noqa: S608
        cursor = self._run(wrapped)
        while chunk := cursor.fetchmany(_CHUNK):
            yield from chunk

    def count(self) -> int:
        """Return how many rows it has, without sorting them."""
        unordered = self.sql.rpartition("ORDER BY")[0] or self.sql
        ((found,),) = self._run(f"SELECT count(*) FROM ({unordered}\n) AS answer").fetchall()  # noqa: S608
        return int(found)

    def rows(self, columns: tuple[Column, ...] | None = None) -> list[Row]:
        """Return its rows as the functions of an `Analysis` see them; its columns where they are known already."""
        columns = self.columns({}) if columns is None else columns
        return Answer("", columns, self.fetch(columns), self.sql).rows()

    def arrow(self) -> pa.Table:
        """Return all its rows as an Arrow table, in the types of Arrow."""
        return self.typed_arrow()[0]

    def typed_arrow(self) -> tuple[pa.Table, Mapping[str, str]]:
        """Return all its rows as an Arrow table, and the types of DuckDB by the names of its columns."""
        parsed, used = self._parsed(self.sql)
        found = self.connection.sql(parsed, params=used)
        return found.to_arrow_table(), dict(zip(found.columns, map(str, found.types), strict=True))

    def reproducible(self) -> str:
        """Return the statement with its values written in, to be run by itself."""
        return written(self.sql, self.binds)

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        return self.connection.execute(*self._parsed(sql))

    def _parsed(self, sql: str) -> tuple[duckdb.Statement, dict[str, Any]]:
        """Return a statement with the binds that it uses; DuckDB refuses others."""
        refuse_broken({"The statement": sql, **self.binds})
        (parsed,) = self.connection.extract_statements(sql)
        return parsed, {name: self.binds[name] for name in parsed.named_parameters & self.binds.keys()}


def refuse_broken(texts: Mapping[str, Any]) -> None:
    """Refuse text that is none: bytes of a command line that were not UTF-8 arrive as halves of surrogate pairs."""
    for name, value in texts.items():
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise UsageError(f"{name} is not UTF-8 text: {value!r}.") from error


def written(sql: str, binds: Mapping[str, Any]) -> str:
    """Return a statement with the values of its binds written in."""
    return _BIND.sub(lambda match: literal(binds[match[1]]) if match[1] in binds else match[0], sql)


def literal(value: Any) -> str:
    """Return a bound value as it is written in a statement."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value!r}::DOUBLE"
        case int():
            return str(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            return "[" + ", ".join(literal(item) for item in value) + "]"
