"""Clocks that differ: how far the clock of a callee is off that of its caller, and the correction of each call.

A call is inside the span that waited for it, so each gives two bounds of the offset. All calls from one instance to
another within ten minutes together give one offset, where they agree; else each call is judged by itself, as Jaeger
does (jaegertracing/jaeger, clockskew.go). What fits without a correction gets none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.derive.trace_structure.spans import NO_BEGIN, Spans, fetch, registered, table
from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb

TABLES = ("crossings", "calls", "affected", "offsets")

_PERIOD = "CREATE OR REPLACE TEMP MACRO period_of(time_ns) AS time_ns // 600000000000 * 600000000000"
# The offset of a window holds where this share of at least so many calls fits it; less than a millisecond is nothing.
_AGREED = {"least_calls": 20, "least_agreeing": 0.8, "least_offset_ns": 1_000_000}
# By itself a call is moved by no more: what is further apart is no matter of clocks.
_MOST_ALONE_NS = 5 * 10**9

_CROSSINGS = """
    CREATE OR REPLACE TEMP TABLE crossings AS
    SELECT
        *,
        period_of(begin_ns)                             AS period_ns
    FROM found
"""
_STORED_CROSSINGS = """
    CREATE OR REPLACE TEMP VIEW stored_crossings AS
    SELECT
        id_hash(child.trace_id)                                         AS trace,
        hash(coalesce(parent.instance, parent.service))                 AS caller,
        hash(coalesce(child.instance, child.service))                   AS callee,
        period_of(begin_of(child.start_ns))                             AS period_ns,
        parent.kind = 'CLIENT' AND child.kind = 'SERVER'                AS is_call,
        begin_of(parent.start_ns) - begin_of(child.start_ns)            AS low_ns,
        finish_of(parent.start_ns, parent.duration_ns) - finish_of(child.start_ns, child.duration_ns) AS high_ns
    FROM span_structure AS child
    JOIN span_structure AS parent ON child.parent = parent.node
    WHERE
        begin_of(child.start_ns) IS NOT NULL
        AND begin_of(parent.start_ns) IS NOT NULL
        AND child.parent_state IN ('remote', 'local')
        AND coalesce(parent.instance, parent.service) IS DISTINCT FROM coalesce(child.instance, child.service)
"""
_CALLS = """
    CREATE OR REPLACE TEMP TABLE calls AS
    SELECT
        caller                          AS caller,
        callee                          AS callee,
        period_ns                       AS period_ns,
        upper_begin_ns - begin_ns       AS low_ns,
        upper_finish_ns - finish_ns     AS high_ns
    FROM crossings
    WHERE is_call
"""
# The windows whose calls have changed: those with a call of a trace that is derived again, as it is or as it was.
_AFFECTED = """
    CREATE OR REPLACE TEMP TABLE affected AS
    SELECT caller, callee, period_ns FROM calls
    UNION
    SELECT caller, callee, period_ns
    FROM stored_crossings
    SEMI JOIN touched USING (trace)
    WHERE is_call
"""
# Calls of traces that are not derived again count for the offsets of their windows all the same.
_OTHER_CALLS = """
    INSERT INTO calls
    SELECT caller, callee, period_ns, low_ns, high_ns
    FROM stored_crossings
    SEMI JOIN affected USING (caller, callee, period_ns)
    ANTI JOIN touched USING (trace)
    WHERE is_call
"""
# One call in twenty may lie outside: it was given up by its caller, or answered something else.
_OFFSETS = """
    CREATE OR REPLACE TEMP TABLE offsets AS
    WITH bounds AS (
        SELECT
            caller                                          AS caller,
            callee                                          AS callee,
            period_ns                                       AS period_ns,
            count(*)                                        AS calls,
            quantile_disc(low_ns, 0.95)                     AS low_ns,
            quantile_disc(high_ns, 0.05)                    AS high_ns,
            quantile_disc(low_ns + (high_ns - low_ns) // 2, 0.5)  AS middle_ns
        FROM calls
        GROUP BY caller, callee, period_ns
    ),
    guesses AS (
        SELECT
            *,
            CASE
                WHEN low_ns > high_ns THEN middle_ns
                WHEN low_ns <= 0 AND high_ns >= 0 THEN 0
                ELSE low_ns + (high_ns - low_ns) // 2
            END                                             AS offset_ns
        FROM bounds
    ),
    agreements AS (
        SELECT
            caller                                          AS caller,
            callee                                          AS callee,
            period_ns                                       AS period_ns,
            avg((offset_ns BETWEEN calls.low_ns AND calls.high_ns)::INTEGER) AS agreeing_ratio
        FROM calls
        JOIN guesses USING (caller, callee, period_ns)
        GROUP BY caller, callee, period_ns
    )
    SELECT
        guesses.*,
        agreeing_ratio                                      AS agreeing_ratio,
        CASE
            WHEN guesses.calls < $least_calls OR agreeing_ratio < $least_agreeing THEN NULL
            WHEN abs(offset_ns) < $least_offset_ns THEN 0
            ELSE offset_ns
        END                                                 AS correction_ns
    FROM guesses
    JOIN agreements USING (caller, callee, period_ns)
"""
# Traces that are as they were, and whose windows have another offset now.
_TOUCH_MORE = """
    INSERT INTO touched
    WITH changed AS (
        SELECT
            affected.*
        FROM affected
        LEFT JOIN offsets USING (caller, callee, period_ns)
        LEFT JOIN clock_offsets
            ON affected.caller = hash(clock_offsets.caller)
            AND affected.callee = hash(clock_offsets.callee)
            AND affected.period_ns = clock_offsets.period_ns
        WHERE offsets.correction_ns IS DISTINCT FROM clock_offsets.correction_ns
    )
    SELECT DISTINCT trace
    FROM stored_crossings
    SEMI JOIN changed USING (caller, callee, period_ns)
    ANTI JOIN touched USING (trace)
"""
_FORGET_OFFSETS = """
    DELETE FROM clock_offsets
    USING affected
    WHERE
        hash(clock_offsets.caller) = affected.caller
        AND hash(clock_offsets.callee) = affected.callee
        AND clock_offsets.period_ns = affected.period_ns
"""
_STORE_OFFSETS = """
    INSERT INTO clock_offsets BY NAME
    WITH hosts AS (
        SELECT DISTINCT coalesce(instance, service) AS host
        FROM spans
        WHERE host IS NOT NULL
    )
    SELECT
        callers.host                AS caller,
        callees.host                AS callee,
        period_ns                   AS period_ns,
        calls                       AS calls,
        low_ns                      AS low_ns,
        high_ns                     AS high_ns,
        offset_ns                   AS offset_ns,
        agreeing_ratio              AS agreeing_ratio,
        correction_ns               AS correction_ns
    FROM offsets
    JOIN hosts AS callers ON offsets.caller = hash(callers.host)
    JOIN hosts AS callees ON offsets.callee = hash(callees.host)
"""
# What one call by itself says, as Jaeger has it: inside its caller it is right; longer than that it begins with it;
# else it goes to the middle.
_SHIFTS = """
    WITH alone AS (
        SELECT
            crossings.*,
            correction_ns                                               AS correction_ns,
            CASE
                WHEN NOT is_call OR (begin_ns >= upper_begin_ns AND finish_ns <= upper_finish_ns) THEN 0
                WHEN finish_ns - begin_ns > upper_finish_ns - upper_begin_ns
                    THEN greatest(upper_begin_ns - begin_ns, 0)
                ELSE upper_begin_ns + ((upper_finish_ns - upper_begin_ns) - (finish_ns - begin_ns)) // 2 - begin_ns
            END                                                         AS alone_ns
        FROM crossings
        LEFT JOIN clock_offsets
            ON crossings.caller = hash(clock_offsets.caller)
            AND crossings.callee = hash(clock_offsets.callee)
            AND crossings.period_ns = clock_offsets.period_ns
    ),
    shifted AS (
        SELECT
            *,
            coalesce(correction_ns, if(abs(alone_ns) > $most, 0, alone_ns)) AS shift_ns
        FROM alone
    )
    SELECT i, shift_ns
    FROM shifted
    WHERE shift_ns <> 0
"""


def estimate(connection: duckdb.DuckDBPyConnection, spans: Spans, is_whole: bool) -> bool:
    """Bring `clock_offsets` up to date with the calls of spans; say whether traces were added to `touched`."""
    connection.execute(_PERIOD)
    connection.execute(_STORED_CROSSINGS)
    _cross(connection, spans)
    connection.execute(_CALLS)
    connection.execute(_AFFECTED)
    (affected,) = fetch_row(connection, "SELECT count(*) FROM affected")
    if not affected:
        return False
    connection.execute(_OTHER_CALLS)
    connection.execute(_OFFSETS, _AGREED)
    added = 0
    if not is_whole:
        (added,) = fetch_row(connection, _TOUCH_MORE)
    connection.execute(_FORGET_OFFSETS)
    connection.execute(_STORE_OFFSETS)
    return added > 0


def _cross(connection: duckdb.DuckDBPyConnection, spans: Spans) -> None:
    """Make `crossings`: the spans whose parent has another clock, where both have times."""
    import numpy as np

    children = np.flatnonzero(spans.is_crossing & (spans.begin_ns != NO_BEGIN))
    children = children[spans.begin_ns[spans.parent[children]] != NO_BEGIN]
    parents = spans.parent[children]
    told, origin, upper_origin = spans.origins, spans.origin[children], spans.origin[parents]
    found = table(
        i=spans.i[children],
        caller=told.host_id[upper_origin],
        callee=told.host_id[origin],
        is_call=told.is_client[upper_origin] & told.is_server[origin],
        upper_begin_ns=spans.begin_ns[parents],
        upper_finish_ns=spans.finish_ns[parents],
        begin_ns=spans.begin_ns[children],
        finish_ns=spans.finish_ns[children],
    )
    with registered(connection, found=found):
        connection.execute(_CROSSINGS)


def correct(connection: duckdb.DuckDBPyConnection, spans: Spans) -> None:
    """Give each call the correction of its clock, and say anew whether its caller waited for it."""
    import numpy as np

    _cross(connection, spans)
    found = fetch(connection, _SHIFTS, {"most": _MOST_ALONE_NS})
    children = spans.places(found["i"])
    if len(children):
        spans.shift_ns = np.zeros(len(spans.i), np.int64)
        spans.shift_ns[children] = found["shift_ns"]
        spans.is_async[children] = spans.are_async(children)
