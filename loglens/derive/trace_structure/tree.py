"""The trees of spans, grown level by level from their roots, with the interval in which each span counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb

TABLES = ("placed",)

_ROOTS = """
    CREATE TEMP TABLE placed AS
    SELECT
        i                                   AS i,
        parent                              AS parent,
        i                                   AS root,
        i                                   AS invocation,
        NULL::BIGINT                        AS waiting,
        0                                   AS depth,
        begin_ns                            AS begin_ns,
        finish_ns                           AS finish_ns,
        is_entry                            AS is_entry,
        if(is_root, 'root', 'missing')      AS parent_state
    FROM linked
    WHERE parent IS NULL
"""
# A span that lies outside its parent is cut to it; `waiting` is the span above whose time it is part of.
_LEVEL = """
    INSERT INTO placed
    SELECT
        child.i                                                         AS i,
        child.parent                                                    AS parent,
        upper.root                                                      AS root,
        if(child.is_entry, child.i, upper.invocation)                   AS invocation,
        if(upper.begin_ns IS NULL, upper.waiting, upper.i)              AS waiting,
        $depth                                                          AS depth,
        least(greatest(child.begin_ns, upper.begin_ns), upper.finish_ns) AS begin_ns,
        greatest(least(child.finish_ns, upper.finish_ns), upper.begin_ns) AS finish_ns,
        child.is_entry                                                  AS is_entry,
        if(child.is_remote, 'remote', 'local')                          AS parent_state
    FROM (SELECT * FROM placed WHERE depth = $depth - 1) AS upper
    JOIN linked AS child
        ON child.parent = upper.i
"""
# No root leads to these: their parents go round in a circle.
_UNREACHED = """
    INSERT INTO placed
    SELECT
        i                   AS i,
        NULL                AS parent,
        i                   AS root,
        i                   AS invocation,
        NULL                AS waiting,
        0                   AS depth,
        begin_ns            AS begin_ns,
        finish_ns           AS finish_ns,
        false               AS is_entry,
        'cycle'             AS parent_state
    FROM linked
    ANTI JOIN placed USING (i)
"""


def grow(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `placed`: every span of `linked` once, with its root, invocation, depth and effective interval."""
    connection.execute(_ROOTS)
    (left,) = fetch_row(connection, "SELECT count(*) FROM linked WHERE parent IS NOT NULL")
    depth = 0
    found = 1
    while left and found:
        depth += 1
        (found,) = fetch_row(connection, _LEVEL, {"depth": depth})
        left -= found
    if left:
        connection.execute(_UNREACHED)
