"""Which spans are derived, and which span is the parent of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb

TABLES = ("touched", "piece", "doubles", "linked")

# Traces are known by the hash of their id: joins over integers take half the time and memory of joins over text.
ALL_TRACES = "CREATE TEMP TABLE touched (trace UBIGINT)"
TOUCHED_TRACES = """
    CREATE TEMP TABLE touched AS
    SELECT hash(trace_id) AS trace
    FROM spans
    JOIN changes
        ON spans.source_id = changes.source_id
        AND spans.line > changes.after_line
    UNION
    SELECT hash(trace_id) AS trace
    FROM span_structure
    JOIN changes
        ON span_structure.source_id = changes.source_id
        AND span_structure.line > changes.after_line
"""

# Spans as numbers: `i` is the row in `spans`, which nothing moves inside the transaction.
EVERY_SPAN = """
    CREATE TEMP TABLE piece AS
    SELECT
        rowid                                           AS i,
        hash(trace_id)                                  AS trace,
        hash(span_id)                                   AS span,
        hash(parent_span_id)                            AS parent_span,
        parent_span_id IS NULL                          AS is_root,
        hash(service)                                   AS service,
        kind IN ('SERVER', 'CONSUMER')                  AS is_server,
        start_ns                                        AS begin_ns,
        start_ns + greatest(coalesce(duration_ns, 0), 0) AS finish_ns
    FROM spans
"""
TOUCHED_SPANS = EVERY_SPAN + "SEMI JOIN touched ON hash(spans.trace_id) = touched.trace"

# Ids that more than one span of a trace has.
_DOUBLES = """
    CREATE TEMP TABLE doubles AS
    SELECT trace, span
    FROM piece
    GROUP BY trace, span
    HAVING count(*) > 1
"""
_LINKED = """
    CREATE TEMP TABLE linked AS
    SELECT
        child.i                                                     AS i,
        parent.i                                                    AS parent,
        child.is_root                                               AS is_root,
        parent.i IS NULL OR child.is_server OR child.service <> parent.service AS is_entry,
        coalesce(child.service <> parent.service, false)            AS is_remote,
        child.begin_ns                                              AS begin_ns,
        child.finish_ns                                             AS finish_ns
    FROM piece AS child
    LEFT JOIN piece AS parent
        ON child.trace = parent.trace
        AND child.parent_span = parent.span
        AND NOT child.is_root
"""
# Where several spans have the id of a parent: one of the same service, then the callee, then the first.
_LINKED_ONCE = """
    CREATE OR REPLACE TEMP TABLE linked AS
    WITH candidates AS (
        SELECT
            child.i                                                     AS i,
            parent.i                                                    AS parent,
            row_number() OVER (
                PARTITION BY child.i
                ORDER BY
                    child.service = parent.service DESC,
                    parent.is_server DESC,
                    parent.begin_ns,
                    parent.i
            )                                                           AS choice
        FROM piece AS child
        JOIN doubles
            ON child.trace = doubles.trace
            AND child.parent_span = doubles.span
        JOIN piece AS parent
            ON child.trace = parent.trace
            AND child.parent_span = parent.span
            AND child.i <> parent.i
        WHERE NOT child.is_root
    ),
    chosen AS (
        SELECT * FROM candidates WHERE choice = 1
    ),
    singles AS (
        SELECT * FROM piece ANTI JOIN doubles USING (trace, span)
    )
    SELECT
        child.i                                                     AS i,
        coalesce(single.i, chosen.parent)                           AS parent,
        child.is_root                                               AS is_root,
        coalesce(single.i, chosen.parent) IS NULL
        OR child.is_server
        OR child.service <> coalesce(single.service, double.service) AS is_entry,
        coalesce(child.service <> coalesce(single.service, double.service), false) AS is_remote,
        child.begin_ns                                              AS begin_ns,
        child.finish_ns                                             AS finish_ns
    FROM piece AS child
    LEFT JOIN singles AS single
        ON child.trace = single.trace
        AND child.parent_span = single.span
        AND NOT child.is_root
    LEFT JOIN chosen
        ON child.i = chosen.i
    LEFT JOIN piece AS double
        ON chosen.parent = double.i
"""


def resolve(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `linked`: every span of `piece` with the row of its parent, null where there is none in the data."""
    connection.execute(_DOUBLES)
    (doubles,) = fetch_row(connection, "SELECT count(*) FROM doubles")
    connection.execute(_LINKED_ONCE if doubles else _LINKED)
