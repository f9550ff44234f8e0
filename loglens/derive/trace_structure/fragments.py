"""Fragments: trees whose parent is not in the data, hung below the one span that can have called them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

COUNT = "SELECT count(*) FROM linked WHERE parent IS NULL AND NOT is_root"
# In a trace of more fragments too much is missing to tell.
_MOST_FRAGMENTS = 100

# A server span can have been called by an outgoing call of another service around it that no callee is known of, any
# other span by a request its own instance was answering. Exactly one must be there.
_CALLERS = """
    CREATE OR REPLACE TEMP TABLE callers AS
    WITH heads AS (
        SELECT
            piece.*,
            count(*) OVER (PARTITION BY piece.trace) AS fragments
        FROM linked
        JOIN piece USING (i)
        WHERE
            linked.parent IS NULL
            AND NOT linked.is_root
            AND piece.begin_ns IS NOT NULL
    ),
    callees AS (
        SELECT DISTINCT parent FROM linked WHERE is_remote
    )
    SELECT
        heads.i                 AS i,
        min(caller.i)           AS caller,
        count(*)                AS callers
    FROM heads
    JOIN piece AS caller
        ON heads.trace = caller.trace
    JOIN placed
        ON caller.i = placed.i
    LEFT JOIN callees
        ON caller.i = callees.parent
    WHERE
        heads.fragments <= $most
        AND placed.is_timed
        AND placed.begin_ns <= heads.begin_ns + if(caller.host = heads.host, placed.skew_ns, 0)
        AND placed.finish_ns >= heads.finish_ns + if(caller.host = heads.host, placed.skew_ns, 0)
        AND placed.depth < $depth
        AND if(
            heads.is_server,
            caller.is_client AND caller.service <> heads.service AND callees.parent IS NULL,
            NOT heads.is_consumer AND placed.is_entry AND caller.host = heads.host AND caller.service = heads.service
        )
    GROUP BY heads.i
"""
_ATTACHED = """
    INSERT INTO placed BY NAME
    SELECT
        linked.i                                                AS i,
        caller.i                                                AS parent,
        coalesce(caller.root, linked.i)                         AS root,
        if(caller.i IS NULL OR piece.is_server, linked.i, caller.invocation) AS invocation,
        caller.i                                                AS waiting,
        $round                                                  AS round,
        coalesce(caller.depth + 1, 0)                           AS depth,
        if(piece.is_server, 0, coalesce(caller.skew_ns, 0))     AS skew_ns,
        linked.begin_ns + if(piece.is_server, 0, coalesce(caller.skew_ns, 0))   AS begin_ns,
        linked.finish_ns + if(piece.is_server, 0, coalesce(caller.skew_ns, 0))  AS finish_ns,
        caller.i IS NULL OR piece.is_server                     AS is_entry,
        false                                                   AS is_async,
        linked.begin_ns IS NOT NULL                             AS is_timed,
        if(caller.i IS NULL, 'missing', 'attached')             AS parent_state
    FROM linked
    JOIN piece USING (i)
    LEFT JOIN callers
        ON linked.i = callers.i
        AND callers.callers = 1
    LEFT JOIN placed AS caller
        ON callers.caller = caller.i
    WHERE
        linked.parent IS NULL
        AND NOT linked.is_root
"""


def attach(connection: duckdb.DuckDBPyConnection, round_number: int, most_depth: int) -> None:
    """Put every head of a fragment into `placed`: below its caller where exactly one can be, else as a root."""
    connection.execute(_CALLERS, {"most": _MOST_FRAGMENTS, "depth": most_depth})
    connection.execute(_ATTACHED, {"round": round_number})
    connection.execute("DROP TABLE callers")
