"""Query shapes: what spans and log records call, with the parameters left out, each distinct text shaped once."""

from __future__ import annotations

from loglens.derivation import Derivation, Derived, Work
from loglens.derive.query_shapes import log_calls, shaping
from loglens.derive.query_shapes.span_calls import SPAN_CALLS
from loglens.store.store import fetch_row
from loglens.wording import counted

# A source that went, or was read anew, takes texts with it that may be nowhere else.
_IS_REMOVED = """
    SELECT
        count(*) > 0
    FROM changes
    JOIN derived_sources USING (source_id)
    WHERE
        derivation = 'query_shapes'
        AND after_line = 0
"""
_CALLS = f"""
    CREATE TEMP VIEW calls AS
    SELECT call_kind, system, is_named, text, text_id
    FROM ({SPAN_CALLS}) AS called
    SEMI JOIN changes
        ON called.source_id = changes.source_id
        AND called.line > changes.after_line
    UNION ALL
    SELECT call_kind, system, is_named, text, text_id
    FROM log_texts
"""  # noqa: S608
_ALL_SOURCES = "CREATE OR REPLACE TEMP TABLE changes AS SELECT source_id, 0::BIGINT AS after_line FROM sources"


def _run(work: Work) -> Derived:
    connection = work.connection
    if not work.is_whole and fetch_row(connection, _IS_REMOVED) == (True,):
        for table in DERIVATION.tables:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        connection.execute(_ALL_SOURCES)
    connection.execute(log_calls.REOPEN)
    connection.execute(log_calls.REMOVE)
    connection.execute(log_calls.LOG_TEXTS)
    work.progress.advance(0.1)
    connection.execute(_CALLS)
    connection.execute(shaping.FRESH)
    work.progress.advance(0.4)
    texts = shaping.shape_texts(connection, work.progress)
    connection.execute(log_calls.INSERT)
    (shapes,) = fetch_row(connection, "SELECT count(*) FROM query_shapes")
    connection.execute("DROP VIEW calls")
    for table in ("log_texts", *shaping.TABLES):
        connection.execute(f"DROP TABLE {table}")
    work.progress.advance(1)
    return Derived(f"{counted(texts, 'new text')}, {counted(shapes, 'shape')} in all")


DERIVATION = Derivation(
    name="query_shapes",
    title="Query shapes",
    version=3,
    tables=("query_shapes", "query_texts", "log_calls"),
    views=("calls",),
    run=_run,
)
