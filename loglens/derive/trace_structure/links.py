"""Which spans are derived, and which span is the parent of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.derive.trace_structure.origins import MACROS, ORIGIN_ID, ORIGINS
from loglens.derive.trace_structure.spans import Spans, fetch, read, registered, table
from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb


SCRATCH = ("piece", "aside", "doubles")
# A trace of more spans is none: an id that everything uses, or a process that never ends its first span.
MOST_SPANS = 100_000
# Of more spans with one id the first are enough to choose a parent from.
_MOST_CANDIDATES = 100

# Traces are known by the hash of their id: joins over integers take half the time and memory of joins over text.
NOTHING_TOUCHED = "CREATE TEMP TABLE touched (trace UBIGINT)"
TOUCHED = """
    CREATE TEMP TABLE touched AS
    SELECT id_hash(trace_id) AS trace
    FROM spans
    JOIN changes
        ON spans.source_id = changes.source_id
        AND spans.line > changes.after_line
    UNION
    SELECT id_hash(trace_id) AS trace
    FROM span_nodes
    JOIN span_traces USING (root)
    JOIN changes
        ON span_nodes.source_id = changes.source_id
        AND span_nodes.line > changes.after_line
"""

# Spans as numbers: `i` is the row in `spans`, which nothing moves inside the transaction. An id of nothing but zeros
# is none: nothing is joined by it. What spans of one operation have in common is one number, `origin_id`.
EVERY_SPAN = f"""
    CREATE TEMP TABLE piece AS
    SELECT
        spans.rowid::UINTEGER                                               AS i,
        if(
            trace_id IN ('', '0000000000000000', '00000000000000000000000000000000'), NULL, id_hash(trace_id)
        )                                                                   AS trace,
        if(span_id IN ('', '0000000000000000'), NULL, id_hash(span_id))     AS span,
        id_hash(parent_span_id)                                             AS parent_span,
        {ORIGIN_ID}                                                         AS origin_id,
        begin_of(start_ns)                                                  AS begin_ns,
        finish_of(start_ns, duration_ns)                                    AS finish_ns
    FROM spans
"""  # noqa: S608
TOUCHED_SPANS = EVERY_SPAN + "SEMI JOIN touched ON id_hash(spans.trace_id) = touched.trace"
# The same with what the few spans that need more than numbers have beside.
_DESCRIBED = """
    CREATE OR REPLACE TEMP VIEW described AS
    SELECT
        piece.*,
        origins.* EXCLUDE (origin_id)
    FROM piece
    JOIN origins USING (origin_id)
"""

# One integer finds nearly all ids that are no double. Sorting them takes a fifth of the time of grouping by them.
_ID_PAIRS = "SELECT xor(trace, span) AS id_pair FROM piece WHERE trace IS NOT NULL AND span IS NOT NULL"
_DOUBLES = """
    CREATE TEMP TABLE doubles AS
    SELECT
        trace   AS trace,
        span    AS span
    FROM piece
    SEMI JOIN repeated_pairs
        ON xor(trace, span) = repeated_pairs.id_pair
    GROUP BY trace, span
    HAVING count(*) > 1
"""
_NOTHING_ASIDE = "CREATE TEMP TABLE aside (i UINTEGER, parent_state VARCHAR)"
_CROWDED = """
    INSERT INTO aside
    SELECT
        i               AS i,
        'oversized'     AS parent_state
    FROM piece
    WHERE trace IN (SELECT trace FROM piece WHERE trace IS NOT NULL GROUP BY trace HAVING count(*) > $most)
"""
# The same record twice, as two exporters or two files that overlap leave it: only the first takes part.
_COPIES = """
    INSERT INTO aside
    SELECT
        i               AS i,
        'duplicate'     AS parent_state
    FROM (
        SELECT
            i           AS i,
            min(i) OVER (
                PARTITION BY
                    trace,
                    span,
                    parent_span,
                    service_id,
                    host_id,
                    is_server,
                    is_client,
                    is_producer,
                    is_consumer,
                    begin_ns,
                    finish_ns
            )           AS first_i
        FROM described
        SEMI JOIN doubles USING (trace, span)
    ) AS copies
    WHERE i > first_i
"""
_SET_ASIDE = "DELETE FROM piece WHERE i IN (SELECT i FROM aside)"
# An id that several spans share is theirs no longer: each gets one of its own, and children the one chosen for them.
# A callee that shares the id of its caller (Zipkin) is its child. Others take a parent of their own service, that
# encloses them, the callee before the caller, and then the first.
_CHOICES = """
    CREATE TEMP TABLE choices AS
    WITH shared AS (
        SELECT
            *,
            row_number() OVER (PARTITION BY trace, span ORDER BY i)         AS place
        FROM described
        SEMI JOIN doubles USING (trace, span)
    ),
    callers AS (
        SELECT
            trace                               AS trace,
            span                                AS span,
            min(i) FILTER (is_client)           AS client,
            min(i) FILTER (is_producer)         AS producer
        FROM shared
        GROUP BY trace, span
    ),
    callees AS (
        SELECT
            shared.i                            AS i,
            if(shared.is_server, client, producer) AS parent
        FROM shared
        JOIN callers USING (trace, span)
        WHERE
            (shared.is_server AND client IS NOT NULL)
            OR (shared.is_consumer AND producer IS NOT NULL)
    ),
    candidates AS (
        SELECT
            child.i                     AS i,
            shared.i                    AS parent,
            row_number() OVER (
                PARTITION BY child.i
                ORDER BY
                    child.service_id = shared.service_id DESC,
                    coalesce(
                        shared.begin_ns <= child.begin_ns AND shared.finish_ns >= child.finish_ns, false
                    ) DESC,
                    shared.is_server OR shared.is_consumer DESC,
                    shared.begin_ns,
                    shared.i
            )                           AS choice
        FROM described AS child
        JOIN shared
            ON child.trace = shared.trace
            AND child.parent_span = shared.span
            AND child.i <> shared.i
            AND shared.place <= $most
        ANTI JOIN callees
            ON child.i = callees.i
    )
    SELECT i, parent FROM callees
    UNION ALL
    SELECT i, parent FROM candidates WHERE choice = 1
"""
_OWN_IDS = (
    "UPDATE piece SET parent_span = hash(choices.parent) FROM choices WHERE piece.i = choices.i",
    "UPDATE piece SET span = hash(i) FROM doubles WHERE piece.trace = doubles.trace AND piece.span = doubles.span",
    "DROP TABLE choices",
)
_PARENTS = """
    SELECT
        child.i     AS i,
        parent.i    AS parent
    FROM piece AS child
    JOIN piece AS parent
        ON child.trace = parent.trace
        AND child.parent_span = parent.span
"""


def resolve(connection: duckdb.DuckDBPyConnection, is_whole: bool) -> Spans:
    """Return the spans to derive, each with its parent; their ids stay in `piece`, those left out are in `aside`."""
    for statement in (*MACROS, EVERY_SPAN if is_whole else TOUCHED_SPANS, ORIGINS, _DESCRIBED, _NOTHING_ASIDE):
        connection.execute(statement)
    spans = read(connection)
    crowded = copies = 0
    if len(spans.i) > MOST_SPANS:
        (crowded,) = fetch_row(connection, _CROWDED, {"most": MOST_SPANS})
        if crowded:
            connection.execute(_SET_ASIDE)
    _find_doubles(connection)
    (doubles,) = fetch_row(connection, "SELECT count(*) FROM doubles")
    if doubles:
        (copies,) = fetch_row(connection, _COPIES)
        if copies:
            connection.execute(_SET_ASIDE)
        connection.execute(_CHOICES, {"most": _MOST_CANDIDATES})
        for statement in _OWN_IDS:
            connection.execute(statement)
    if crowded or copies:
        spans.is_root[spans.places(fetch(connection, "SELECT i FROM aside")["i"])] = False
    _link(connection, spans)
    return spans


def _link(connection: duckdb.DuckDBPyConnection, spans: Spans) -> None:
    import numpy as np

    found = fetch(connection, _PARENTS)
    spans.parent[spans.places(found["i"])] = spans.places(found["parent"])
    has_parent = spans.parent >= 0
    spans.is_root &= ~has_parent
    children = np.flatnonzero(has_parent).astype(np.int32)
    spans.is_async[children] = spans.are_async(children)


def _find_doubles(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `doubles`, the ids that several spans share."""
    id_pairs = fetch(connection, _ID_PAIRS)["id_pair"]
    id_pairs.sort()
    repeated = id_pairs[1:][id_pairs[1:] == id_pairs[:-1]]
    with registered(connection, repeated_pairs=table(id_pair=repeated)):
        connection.execute(_DOUBLES)
