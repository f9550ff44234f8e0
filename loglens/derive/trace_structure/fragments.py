"""Fragments: trees whose parent is not in the data, hung below the one span that can have called them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.derive.trace_structure.spans import fetch, registered, table
from loglens.derive.trace_structure.tree import STATES

if TYPE_CHECKING:
    import duckdb

    from loglens.derive.trace_structure.spans import Columns, Places
    from loglens.derive.trace_structure.tree import Tree

# In a trace of more fragments too much is missing to tell.
_MOST_FRAGMENTS = 100

# A server span can have been called by an outgoing call of another service around it that no callee is known of, any
# other span by a request its own instance was answering. Exactly one must be there.
_CALLERS = """
    WITH heads AS (
        SELECT
            described.*,
            count(*) OVER (PARTITION BY described.trace) AS fragments
        FROM fragment_heads
        JOIN described USING (i)
        WHERE described.begin_ns IS NOT NULL
    )
    SELECT
        heads.i                 AS i,
        min(caller.i)           AS caller
    FROM heads
    JOIN described AS caller
        ON heads.trace = caller.trace
    JOIN placed
        ON caller.i = placed.i
    WHERE
        heads.fragments <= $most
        AND placed.begin_ns <= heads.begin_ns + if(caller.host_id = heads.host_id, placed.skew_ns, 0)
        AND placed.finish_ns >= heads.finish_ns + if(caller.host_id = heads.host_id, placed.skew_ns, 0)
        AND if(
            heads.is_server,
            caller.is_client AND caller.service_id <> heads.service_id AND NOT placed.has_callee,
            NOT heads.is_consumer
            AND placed.is_entry
            AND caller.host_id = heads.host_id
            AND caller.service_id = heads.service_id
        )
    GROUP BY heads.i
    HAVING count(*) = 1
"""


def attach(connection: duckdb.DuckDBPyConnection, tree: Tree, heads: Places, most_depth: int) -> None:
    """Make every head of a fragment part of the tree: below its caller where exactly one can be, else as a root."""
    import numpy as np

    spans = tree.spans
    found = _find_callers(connection, tree, heads, most_depth)
    hung, callers = spans.places(found["i"]), spans.places(found["caller"])
    is_server = spans.origins.is_server[spans.origin]
    tree.state[heads] = STATES.index("missing")
    tree.state[hung] = STATES.index("attached")
    tree.parent[hung] = callers
    tree.root[hung] = tree.root[callers]
    tree.depth[hung] = tree.depth[callers] + 1
    tree.waiting[hung] = callers
    tree.is_entry[hung] = is_server[hung]
    tree.invocation[hung] = np.where(is_server[hung], hung, tree.invocation[callers])
    tree.skew_ns[hung] = np.where(is_server[hung], 0, tree.skew_ns[callers])
    tree.begin_ns[hung] += tree.skew_ns[hung]
    tree.finish_ns[hung] += tree.skew_ns[hung]
    tree.start_level(heads)


def _find_callers(connection: duckdb.DuckDBPyConnection, tree: Tree, heads: Places, most_depth: int) -> Columns:
    import numpy as np

    spans = tree.spans
    has_callee = np.zeros(len(spans.i), np.bool_)
    has_callee[spans.parent[spans.is_remote]] = True
    can_call = np.flatnonzero((tree.state > 0) & tree.is_timed & (tree.depth < most_depth))
    placed = table(
        i=spans.i[can_call],
        begin_ns=tree.begin_ns[can_call],
        finish_ns=tree.finish_ns[can_call],
        skew_ns=tree.skew_ns[can_call],
        is_entry=tree.is_entry[can_call],
        has_callee=has_callee[can_call],
    )
    with registered(connection, placed=placed, fragment_heads=table(i=spans.i[heads])):
        return fetch(connection, _CALLERS, {"most": _MOST_FRAGMENTS})
