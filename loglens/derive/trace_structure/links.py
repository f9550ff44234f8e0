"""Which spans are derived, and which span is the parent of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb

TABLES = ("piece", "aside", "doubles", "linked")
# A trace of more spans is none: an id that everything uses, or a process that never ends its first span.
MOST_SPANS = 100_000
# Of more spans with one id the first are enough to choose a parent from.
_MOST_CANDIDATES = 100

# Traces are known by the hash of their id: joins over integers take half the time and memory of joins over text.
NOTHING_TOUCHED = "CREATE TEMP TABLE touched (trace UBIGINT)"
TOUCHED = """
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

# Spans as numbers: `i` is the row in `spans`, which nothing moves inside the transaction. An id of nothing but zeros
# is none: nothing is joined by it. The host is what has a clock: the instance, or else the service.
EVERY_SPAN = """
    CREATE TEMP TABLE piece AS
    SELECT
        spans.rowid::UINTEGER                                               AS i,
        if(
            trace_id IN ('', '0000000000000000', '00000000000000000000000000000000'), NULL, hash(trace_id)
        )                                                                   AS trace,
        if(span_id IN ('', '0000000000000000'), NULL, hash(span_id))        AS span,
        if(parent_span_id IS NULL, NULL, hash(parent_span_id))              AS parent_span,
        hash(service)                                                       AS service,
        hash(coalesce(instance, service))                                   AS host,
        kind = 'SERVER'                                                     AS is_server,
        kind = 'CLIENT'                                                     AS is_client,
        kind = 'PRODUCER'                                                   AS is_producer,
        kind = 'CONSUMER'                                                   AS is_consumer,
        begin_of(start_ns)                                                  AS begin_ns,
        finish_of(start_ns, duration_ns)                                    AS finish_ns
    FROM spans
"""
TOUCHED_SPANS = EVERY_SPAN + "SEMI JOIN touched ON hash(spans.trace_id) = touched.trace"

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
                    service,
                    host,
                    is_server,
                    is_client,
                    is_producer,
                    is_consumer,
                    begin_ns,
                    finish_ns
            )           AS first_i
        FROM piece
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
        FROM piece
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
                    child.service = shared.service DESC,
                    coalesce(
                        shared.begin_ns <= child.begin_ns AND shared.finish_ns >= child.finish_ns, false
                    ) DESC,
                    shared.is_server OR shared.is_consumer DESC,
                    shared.begin_ns,
                    shared.i
            )                           AS choice
        FROM piece AS child
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
# A parent does not wait for a message it sent, for a child that goes on for long after it (a tenth of its own time,
# and more than the millisecond clocks and rounding may take), or for one that runs at another time altogether. It does
# wait for an answer, also where it gave up before the callee did.
_LINKED = """
    CREATE TEMP TABLE linked AS
    SELECT
        child.i                                                             AS i,
        parent.i                                                            AS parent,
        child.parent_span IS NULL                                           AS is_root,
        parent.i IS NULL
        OR child.is_server
        OR child.is_consumer
        OR child.service <> parent.service                                  AS is_entry,
        coalesce(child.service <> parent.service, false)                    AS is_remote,
        coalesce(child.host <> parent.host, false)                          AS is_crossing,
        0::BIGINT                                                           AS shift_ns,
        coalesce(
            is_async(
                parent.is_producer, child.is_consumer, parent.is_client AND child.is_server,
                parent.begin_ns, parent.finish_ns, child.begin_ns, child.finish_ns
            ),
            false
        )                                                                   AS is_async,
        child.begin_ns                                                      AS begin_ns,
        child.finish_ns                                                     AS finish_ns
    FROM piece AS child
    LEFT JOIN piece AS parent
        ON child.trace = parent.trace
        AND child.parent_span = parent.span
"""
IS_ASYNC = """
    CREATE OR REPLACE TEMP MACRO is_async(
        from_producer, to_consumer, is_call, upper_begin_ns, upper_finish_ns, begin_ns, finish_ns
    ) AS (
        (from_producer AND to_consumer)
        OR begin_ns > upper_finish_ns
        OR finish_ns < upper_begin_ns
        OR (
            finish_ns > upper_finish_ns
            AND NOT is_call
            AND (
                from_producer
                OR finish_ns - upper_finish_ns > greatest(1000000, (upper_finish_ns - upper_begin_ns) // 10)
            )
        )
    )
"""


def resolve(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `linked`: every span of `piece` with its parent, null where there is none; `aside` has those left out."""
    connection.execute(IS_ASYNC)
    connection.execute(_NOTHING_ASIDE)
    (spans,) = fetch_row(connection, "SELECT count(*) FROM piece")
    crowded = copies = 0
    if spans > MOST_SPANS:
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
    connection.execute(_LINKED)


def _find_doubles(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `doubles`, the ids that several spans share."""
    import pyarrow as pa

    id_pairs = connection.execute(_ID_PAIRS).fetchnumpy()["id_pair"]
    id_pairs.sort()
    repeated = id_pairs[1:][id_pairs[1:] == id_pairs[:-1]]
    connection.register("repeated_pairs", pa.table({"id_pair": repeated}))
    connection.execute(_DOUBLES)
    connection.unregister("repeated_pairs")
