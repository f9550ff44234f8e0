"""The trees of spans, grown level by level from their roots, with the interval in which each span counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.derive.trace_structure import fragments
from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb

SCRATCH = ("rest",)
TABLES = ("placed",)
# Deeper than any stack of calls: a process that hangs each span under the one before.
MOST_DEPTH = 200

PLACED = """
    CREATE TEMP TABLE placed (
        i               UINTEGER,
        parent          UINTEGER,
        root            UINTEGER,
        invocation      UINTEGER,
        waiting         UINTEGER,
        round           SMALLINT,
        depth           SMALLINT,
        skew_ns         BIGINT,
        begin_ns        BIGINT,
        finish_ns       BIGINT,
        is_entry        BOOLEAN,
        is_async        BOOLEAN,
        is_timed        BOOLEAN,
        parent_state    ENUM (
            'root', 'local', 'remote', 'attached', 'missing', 'cycle', 'too deep', 'duplicate', 'oversized'
        )
    )
"""
_ROOTS = """
    INSERT INTO placed BY NAME
    SELECT
        i                                   AS i,
        i                                   AS root,
        i                                   AS invocation,
        0                                   AS round,
        0                                   AS depth,
        0                                   AS skew_ns,
        begin_ns                            AS begin_ns,
        finish_ns                           AS finish_ns,
        true                                AS is_entry,
        false                               AS is_async,
        begin_ns IS NOT NULL                AS is_timed,
        'root'                              AS parent_state
    FROM linked
    WHERE is_root
"""
# A level looks at all that is left, so before small levels what is placed goes out of the way.
_SMALL = 50
_COUNT = "SELECT count(parent) FROM linked"
_UNGROWN = "CREATE OR REPLACE TEMP VIEW ungrown AS SELECT * FROM linked WHERE parent IS NOT NULL"
_REST = (
    "CREATE OR REPLACE TEMP TABLE rest AS SELECT * FROM ungrown ANTI JOIN placed USING (i)",
    "CREATE OR REPLACE TEMP VIEW ungrown AS SELECT * FROM rest",
)
# A span that reaches outside its parent is cut to it, unless its parent did not wait for it. `waiting` is the span
# above whose time it is part of. A span without a time hands on the interval of its parent.
_LEVEL = """
    INSERT INTO placed BY NAME
    SELECT
        child.i                                                             AS i,
        child.parent                                                        AS parent,
        upper.root                                                          AS root,
        if(child.is_entry, child.i, upper.invocation)                       AS invocation,
        CASE
            WHEN child.is_async THEN NULL
            WHEN upper.is_timed THEN upper.i
            ELSE upper.waiting
        END                                                                 AS waiting,
        $round                                                              AS round,
        upper.depth + 1                                                     AS depth,
        bounded(upper.skew_ns + child.shift_ns)                             AS skew_ns,
        if(
            child.is_async,
            child.begin_ns + bounded(upper.skew_ns + child.shift_ns),
            least(greatest(child.begin_ns + bounded(upper.skew_ns + child.shift_ns), upper.begin_ns), upper.finish_ns)
        )                                                                   AS begin_ns,
        if(
            child.is_async,
            child.finish_ns + bounded(upper.skew_ns + child.shift_ns),
            greatest(least(child.finish_ns + bounded(upper.skew_ns + child.shift_ns), upper.finish_ns), upper.begin_ns)
        )                                                                   AS finish_ns,
        child.is_entry                                                      AS is_entry,
        child.is_async                                                      AS is_async,
        child.begin_ns IS NOT NULL                                          AS is_timed,
        if(child.is_remote, 'remote', 'local')                              AS parent_state
    FROM placed AS upper
    JOIN ungrown AS child
        ON child.parent = upper.i
    WHERE
        upper.round = $round - 1
        AND upper.depth < $most
"""
# No root leads to these. They stand alone, without times: nothing that follows parents goes round in a circle.
_UNREACHED = """
    INSERT INTO placed BY NAME
    SELECT
        rest.i                                  AS i,
        rest.i                                  AS root,
        rest.i                                  AS invocation,
        0                                       AS depth,
        0                                       AS skew_ns,
        false                                   AS is_entry,
        false                                   AS is_async,
        false                                   AS is_timed,
        coalesce(aside.parent_state, if(deep.trace IS NULL, 'cycle', 'too deep')) AS parent_state
    FROM (
        SELECT i FROM linked
        UNION ALL
        SELECT i FROM aside
    ) AS rest
    ANTI JOIN placed USING (i)
    LEFT JOIN aside USING (i)
    LEFT JOIN piece USING (i)
    LEFT JOIN (
        SELECT DISTINCT piece.trace AS trace
        FROM placed
        JOIN piece USING (i)
        WHERE placed.depth = $most
    ) AS deep
        ON piece.trace = deep.trace
"""


def grow(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `placed`: every span once, with its root, invocation, depth and effective interval."""
    connection.execute(PLACED)
    connection.execute(_ROOTS)
    connection.execute(_UNGROWN)
    (left,) = fetch_row(connection, _COUNT)
    left, last = _climb(connection, left, 0)
    (heads,) = fetch_row(connection, fragments.COUNT)
    if heads:
        fragments.attach(connection, last + 1, MOST_DEPTH)
        left, _ = _climb(connection, left, last + 1)
    (aside,) = fetch_row(connection, "SELECT count(*) FROM aside")
    if left or aside:
        connection.execute(_UNREACHED, {"most": MOST_DEPTH})


def _climb(connection: duckdb.DuckDBPyConnection, left: int, top: int) -> tuple[int, int]:
    """Grow from the spans of round `top` until no span has children; return how many are left, and the last round."""
    size = found = left
    while left and found:
        if found * _SMALL < size and left * 2 < size:
            for statement in _REST:
                connection.execute(statement)
            size = left
        top += 1
        (found,) = fetch_row(connection, _LEVEL, {"round": top, "most": MOST_DEPTH})
        left -= found
    return left, top
