"""The rows of `span_nodes` and its companions: written from columns, checked, and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.derive.trace_structure.called import spread
from loglens.derive.trace_structure.spans import column_of, fetch, registered, table
from loglens.derive.trace_structure.tree import STATES
from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from loglens.derivation import Progress
    from loglens.derive.trace_structure.paths import Paths
    from loglens.derive.trace_structure.spans import Columns, Numbers
    from loglens.derive.trace_structure.tree import Tree

REMOVE = (
    """
    DELETE FROM span_nodes
    WHERE root IN (SELECT root FROM span_traces WHERE id_hash(trace_id) IN (SELECT trace FROM touched))
    """,
    "DELETE FROM span_traces WHERE id_hash(trace_id) IN (SELECT trace FROM touched)",
    "DELETE FROM span_classes WHERE class_id NOT IN (SELECT class_id FROM span_nodes)",
)
_FIRST_NODE = "SELECT coalesce(max(node) + 1, 0) FROM span_nodes"
_SPANS = """
    SELECT
        spans.rowid::UINTEGER                       AS i,
        source_id                                   AS source_id,
        line                                        AS line,
        ordinal                                     AS ordinal,
        start_ns                                    AS start_ns,
        duration_ns                                 AS duration_ns
    FROM spans
"""
_IN_RANGE = _SPANS + "WHERE spans.rowid BETWEEN $low AND $high"
_SCATTERED = _SPANS + "JOIN scattered ON spans.rowid = scattered.i"
_CLASSES = """
    CREATE TEMP TABLE classes AS
    WITH wanted AS (
        SELECT
            found.number                                                    AS number,
            origins.service                                                 AS service,
            origins.instance                                                AS instance,
            if(found.is_entry OR is_request, coalesce(route, name), name)   AS operation,
            origins.kind                                                    AS kind,
            found.is_entry                                                  AS is_entry,
            origins.is_error                                                AS is_error,
            origins.peer                                                    AS peer,
            found.is_async                                                  AS is_async,
            $states[found.state + 1]                                        AS parent_state
        FROM found
        JOIN origins USING (origin)
    ),
    numbered AS (
        SELECT
            *,
            dense_rank() OVER (
                ORDER BY service, instance, operation, kind, is_entry, is_error, peer, is_async, parent_state
            ) + (SELECT coalesce(max(class_id), -1) FROM span_classes)      AS new_id
        FROM wanted
    )
    SELECT
        numbered.* EXCLUDE (new_id),
        coalesce(class_id, new_id)::UINTEGER                                AS class_id
    FROM numbered
    LEFT JOIN span_classes
        ON numbered.service IS NOT DISTINCT FROM span_classes.service
        AND numbered.instance IS NOT DISTINCT FROM span_classes.instance
        AND numbered.operation IS NOT DISTINCT FROM span_classes.operation
        AND numbered.kind = span_classes.kind
        AND numbered.is_entry = span_classes.is_entry
        AND numbered.is_error = span_classes.is_error
        AND numbered.peer IS NOT DISTINCT FROM span_classes.peer
        AND numbered.is_async = span_classes.is_async
        AND numbered.parent_state = span_classes.parent_state
"""
_NEW_CLASSES = """
    INSERT INTO span_classes BY NAME
    SELECT DISTINCT
        * EXCLUDE (number)
    FROM classes
    ANTI JOIN span_classes USING (class_id)
"""
_CLASS_IDS = "SELECT class_id FROM classes ORDER BY number"
_TRACES = """
    INSERT INTO span_traces BY NAME
    SELECT
        $first + found.i                            AS root,
        spans.trace_id                              AS trace_id
    FROM spans
    JOIN found ON spans.rowid = found.i
"""
# Rows from one number of a span to another: eight row groups. Fewer than five the engine does not write as they come,
# but at the end.
_AT_ONCE = 983_040
_INSERT = """
    INSERT INTO span_nodes BY NAME
    SELECT
        $first + i                                          AS node,
        CASE WHEN parent >= 0 THEN $first + parent END      AS parent,
        $first + root                                       AS root,
        $first + invocation                                 AS invocation,
        $first + path                                       AS path,
        class_id                                            AS class_id,
        source_id                                           AS source_id,
        line                                                AS line,
        ordinal                                             AS ordinal,
        start_ns                                            AS start_ns,
        duration_ns                                         AS duration_ns,
        depth                                               AS depth,
        skew_ns                                             AS skew_ns,
        CASE WHEN is_timed THEN begin_ns END                AS begin_ns,
        CASE WHEN is_timed THEN finish_ns END               AS finish_ns,
        CASE WHEN is_timed THEN self_ns END                 AS self_ns,
        CASE WHEN is_timed THEN path_ns END                 AS path_ns,
        CASE WHEN calls > 0 THEN shape_id END               AS shape_id,
        CASE WHEN is_told THEN params_id END                AS params_id,
        CASE WHEN calls > 0 THEN calls END                  AS calls,
        CASE WHEN calls > 0 THEN items END                  AS items,
        CASE WHEN returned_rows >= 0 THEN returned_rows END AS returned_rows
    FROM found
"""
# The identity of the critical path, over what was written: own parts add up to the span that heads the path.
CHECK = """
    WITH sums AS (
        SELECT
            path                                                            AS path,
            sum(path_ns)                                                    AS parts_ns,
            max(finish_ns - begin_ns) FILTER (node = path)                  AS whole_ns
        FROM span_nodes
        WHERE node >= $first
        GROUP BY path
    )
    SELECT
        (SELECT count(DISTINCT trace_id) FROM span_traces WHERE root >= $first)            AS traces,
        (SELECT count(*) FROM sums WHERE parts_ns <> whole_ns)                               AS violations
"""


def insert(connection: duckdb.DuckDBPyConnection, tree: Tree, paths: Paths, calls: Columns, progress: Progress) -> int:
    """Write the rows of all spans, and return the first node of them."""
    import numpy as np

    (first,) = fetch_row(connection, _FIRST_NODE)
    spans = tree.spans
    if not len(spans.i):
        return int(first)
    class_ids = _classify(connection, tree)
    is_root = np.zeros(len(spans.i), np.bool_)
    is_root[tree.root] = True
    with registered(connection, found=table(i=spans.i[is_root])):
        connection.execute(_TRACES, {"first": first})
    for low in range(0, len(spans.i), _AT_ONCE):
        part = slice(low, low + _AT_ONCE)
        i = spans.i[part]
        parent = tree.parent[part]
        columns = {
            "parent": np.where(parent < 0, -1, spans.i[parent].astype(np.int64)),
            "root": spans.i[tree.root[part]],
            "invocation": spans.i[tree.invocation[part]],
            "path": spans.i[paths.path[part]],
            "class_id": class_ids[part],
            "depth": tree.depth[part],
            "skew_ns": tree.skew_ns[part],
            "begin_ns": tree.begin_ns[part],
            "finish_ns": tree.finish_ns[part],
            "is_timed": tree.is_timed[part],
            "self_ns": paths.self_ns[part],
            "path_ns": paths.path_ns[part],
            **spread(calls, low, min(low + _AT_ONCE, len(spans.i))),
        }
        made = table(**columns)
        found = _recorded(connection, i)
        for name in made.column_names:
            found = found.append_column(name, made[name])
        with registered(connection, found=found):
            connection.execute(_INSERT, {"first": first})
        progress.advance(0.7 + 0.3 * low / len(spans.i))
    return int(first)


def _recorded(connection: duckdb.DuckDBPyConnection, i: Numbers) -> pa.Table:
    """Return what is written of spans as it was recorded."""
    import numpy as np

    low, high = int(i[0]), int(i[-1])
    if high - low < len(i):
        found = connection.sql(_IN_RANGE, params={"low": low, "high": high}).to_arrow_table()
    else:
        with registered(connection, scattered=table(i=i)):
            found = connection.sql(_SCATTERED).to_arrow_table()
    place = column_of(found, "i")
    if len(place) == len(i) and np.array_equal(place, i):
        return found
    order = np.argsort(place)
    return found.take(table(order=order[np.searchsorted(place, i, sorter=order)])["order"])


def _classify(connection: duckdb.DuckDBPyConnection, tree: Tree) -> Numbers:
    """Return the class of every span, and write those that are new."""
    import numpy as np

    origins = int(tree.spans.origin.max()) + 1
    flags = (tree.state * 4 + tree.is_entry * 2 + tree.spans.is_async).astype(np.uint8)
    is_used = np.bincount(flags, minlength=4 * len(STATES)) > 0
    used = np.flatnonzero(is_used)
    codes = (np.cumsum(is_used) - 1)[flags] * origins + tree.spans.origin
    is_class = np.zeros(len(used) * origins, np.bool_)
    is_class[codes] = True
    number = np.cumsum(is_class, dtype=np.uint32) - 1
    classes = np.flatnonzero(is_class)
    flag = used[classes // origins]
    found = table(
        number=np.arange(len(classes), dtype=np.uint32),
        origin=(classes % origins).astype(np.uint32),
        state=flag // 4,
        is_entry=flag // 2 % 2 == 1,
        is_async=flag % 2 == 1,
    )
    with registered(connection, found=found):
        connection.execute(_CLASSES, {"states": list(STATES)})
    connection.execute(_NEW_CLASSES)
    class_ids = fetch(connection, _CLASS_IDS)["class_id"]
    connection.execute("DROP TABLE classes")
    classed: Numbers = class_ids[number[codes]]
    return classed
