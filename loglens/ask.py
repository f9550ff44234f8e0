"""Asking: an analysis or a statement, run on an open connection, gives an answer whose rows stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from loglens.analysis import Analysis, Drawing, Row, Value
from loglens.answer import Answer, Drawn
from loglens.columns import Column
from loglens.errors import UsageError
from loglens.nothing import none_of
from loglens.scope import Scope, is_limited
from loglens.statement import Statement, refuse_broken

if TYPE_CHECKING:
    import duckdb

    from loglens.settings import Settings

# The declared type of a computed column whose values do not tell.
_TYPE_OF_SUFFIX = {"_ms": "DOUBLE", "_s": "DOUBLE", "_ratio": "DOUBLE", "_ns": "BIGINT", "_bytes": "BIGINT"}
_LARGEST = 2**63 - 1
# Nanoseconds in a computed column of this name are a time.
_TIME_SUFFIX = "_ts"
# What asks for names instead of naming them.
_CATALOGUE = re.compile(
    r"\b(?:(?:duckdb|pragma|pg|sqlite)_\w+|information_schema|show|describe|query(?:_table)?)\b",
    re.IGNORECASE,
)


def ask(
    connection: duckdb.DuckDBPyConnection, analysis: Analysis, values: Mapping[str, Value], scope: Scope, limit: int
) -> Answer:
    """Ask an analysis with accepted values; the rows come while the connection is open."""
    binds = _binds(connection, analysis, values, scope)
    statement = Statement(connection, analysis.sql, {**binds, "most": _LARGEST} if analysis.many else binds)
    columns = () if analysis.is_computed else statement.columns(analysis.columns)
    answer = Answer(
        title=analysis.title,
        columns=columns,
        tuples=(),
        sql=statement.reproducible(),
        greyed=analysis.greyed,
        subject=analysis.subject,
        aside=analysis.aside(values) if analysis.aside else (),
        ordered=analysis.ordered_by(values),
        grouped=analysis.grouped,
        draw=analysis.draw,
        notes=analysis.notes(binds) if analysis.notes else (),
        # What a drawing says where there is nothing is about all that was read.
        none=partial(none_of, connection, analysis, values, binds) if analysis.none_of or is_limited(binds) else None,
    )
    answer.drawings = tuple(
        Drawn(drawing.name, drawing.suffixes, partial(_drawn, drawing, statement, answer))
        for drawing in analysis.drawings
    )
    if analysis.is_computed:
        rows, types = _computed(analysis, statement)
        answer.columns = _computed_columns(analysis, rows, types)
        found: Iterator[tuple[Any, ...]] = (tuple(row[column.name] for column in answer.columns) for row in rows)
        answer.tuples = _counted(found, answer, limit)
        if analysis.draw_part is not None:
            answer.draw = partial(_drawn_part, analysis.draw_part, rows)
    elif analysis.many and limit:
        answer.tuples = _limited(statement, columns, answer, limit)
    else:
        answer.tuples = _counted(statement.fetch(columns), answer, limit)
    return answer


def ask_outline(
    connection: duckdb.DuckDBPyConnection, analysis: Analysis, values: Mapping[str, Value], scope: Scope
) -> Sequence[Row]:
    """Return all rows of an analysis, where it can be without what is looked up of each."""
    if analysis.outline is None:
        return ask(connection, analysis, values, scope, 0).rows()
    return analysis.outline(_binds(connection, analysis, values, scope))


def _binds(
    connection: duckdb.DuckDBPyConnection, analysis: Analysis, values: Mapping[str, Value], scope: Scope
) -> dict[str, Any]:
    """Return the binds of the statement of an analysis; what it keeps is computed before."""
    binds: dict[str, Any] = {**values, **scope.binds(connection)}
    _keep(connection, analysis.kept)
    return binds | dict(_prepared(connection, analysis, binds))


def _prepared(connection: duckdb.DuckDBPyConnection, analysis: Analysis, binds: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the further binds of the statement of an analysis."""
    if analysis.bind_arrow is not None:
        assert analysis.prepare is not None
        return analysis.bind_arrow(Statement(connection, analysis.prepare, binds).arrow(), binds)
    if analysis.bind is None:
        return {}
    return analysis.bind(Statement(connection, analysis.prepare, binds).rows() if analysis.prepare else [], binds)


def _keep(connection: duckdb.DuckDBPyConnection, views: Sequence[str]) -> None:
    """Compute views once, for as long as the connection lasts: tables of the same name take their places."""
    if not views:
        return
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE temporary").fetchall()
    for view in views:
        if (view,) in found:
            connection.execute(f"CREATE TEMP TABLE kept AS FROM {view}")
            connection.execute(f"DROP VIEW {view}")
            connection.execute(f"ALTER TABLE kept RENAME TO {view}")


def read_by(sql: str) -> tuple[str, ...] | None:
    """Return what names the views that a statement of the user's own reads, or None where that may be any."""
    return None if _CATALOGUE.search(sql) else (sql,)


def ask_sql(connection: duckdb.DuckDBPyConnection, sql: str, limit: int, settings: Settings | None = None) -> Answer:
    """Ask a statement of the user's own: one SELECT that touches nothing but the store.

    Raises UsageError for anything else, and for what DuckDB has against the statement. Where that is an unknown name,
    all views are made first, so that it tells which one was meant.
    """
    import duckdb

    from loglens.store.scripts import create_views

    try:
        connection.execute("SET enable_external_access = false")
        refuse_broken({"The statement": sql})
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageError("sql takes one SELECT; the database is only read.")
        text = statements[0].query.strip().removesuffix(";")
        statement = Statement(connection, text, {})
        try:
            columns = statement.columns({})
        except duckdb.CatalogException:
            create_views(connection, settings)
            columns = statement.columns({})
        answer = Answer("SQL", columns, (), statement.sql)
        answer.tuples = _explained(_counted(statement.fetch(columns), answer, limit))
    except duckdb.OperationalError:
        raise
    except duckdb.Error as error:
        raise UsageError(_placed(str(error))) from error
    return answer


def _drawn(drawing: Drawing, statement: Statement, answer: Answer) -> Iterator[str]:
    return drawing.write(replace(statement, sql=drawing.sql).rows() if drawing.sql else answer.rows())


def _drawn_part(
    draw_part: Callable[[Sequence[Row], int, int], str], rows: Sequence[Row], part: Sequence[Row], width: int
) -> str:
    return draw_part(rows, len(part), width)


def _counted(rows: Iterator[tuple[Any, ...]], answer: Answer, limit: int) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(rows):
        if limit and number >= limit:
            answer.left_out += 1
        else:
            yield row


def _limited(statement: Statement, columns: Sequence[Column], answer: Answer, limit: int) -> Iterator[tuple[Any, ...]]:
    seen = 0
    few = replace(statement, binds={**statement.binds, "most": limit + 1})
    for row in few.fetch(columns, limit + 1):
        seen += 1
        if seen <= limit:
            yield row
    if seen > limit:
        answer.left_out = replace(statement, binds={**statement.binds, "most": None}).count() - limit


def _explained(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    import duckdb

    try:
        yield from rows
    except duckdb.OperationalError:
        raise
    except duckdb.Error as error:
        # What goes wrong with a value is told with a line of the wrapped statement, which the user never wrote.
        raise UsageError(str(error).partition("\n\nLINE")[0]) from error


def _placed(message: str) -> str:
    """Return a message of DuckDB about a statement with DESCRIBE on the line before it, with the line as written."""
    is_described = "LINE 1:" not in message
    return re.sub(r"\n\nLINE (\d+):", lambda match: f"\nLINE {int(match[1]) - is_described}:", message).rstrip()


def _computed(analysis: Analysis, statement: Statement) -> tuple[Sequence[Row], Mapping[str, str]]:
    """Return the rows of the answer, and the types of the columns they were computed from."""
    is_asked = analysis.asked_of is None or bool(statement.binds[analysis.asked_of])
    if is_asked and analysis.compute_arrow is not None:
        table, types = statement.typed_arrow()
        return analysis.compute_arrow(table, statement.binds), types
    columns = statement.columns({})
    types = {column.name: column.type for column in columns}
    if not is_asked:
        return [], types
    assert analysis.compute is not None
    return analysis.compute(statement.rows(columns), statement.binds), types


def _computed_columns(analysis: Analysis, rows: Sequence[Row], types: Mapping[str, str]) -> tuple[Column, ...]:
    meanings = {**analysis.columns}
    if analysis.further and rows:
        meanings |= {name: analysis.further for name in rows[0] if name not in meanings}
    return tuple(Column(name, types.get(name) or _type_of(name, rows), meaning) for name, meaning in meanings.items())


def _type_of(name: str, rows: Sequence[Row]) -> str:
    if name.endswith(_TIME_SUFFIX):
        return "TIMESTAMP_NS"
    for row in rows:
        match row[name]:
            case bool():
                return "BOOLEAN"
            case int() if not any(isinstance(other[name], float) for other in rows):
                is_wide = any(other[name] is not None and abs(other[name]) > _LARGEST for other in rows)
                return "HUGEINT" if is_wide else "BIGINT"
            case int() | float():
                return "DOUBLE"
            case str():
                return "VARCHAR"
    return next((found for suffix, found in _TYPE_OF_SUFFIX.items() if name.endswith(suffix)), "VARCHAR")
