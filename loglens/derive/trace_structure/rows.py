"""The rows of `span_structure`: written from the numbers and the text of the spans, checked, and removed."""

from __future__ import annotations

REMOVE = """
    DELETE FROM span_structure
    WHERE hash(trace_id) IN (SELECT trace FROM touched)
"""
FIRST_NODE = "SELECT coalesce(max(node) + 1, 0) FROM span_structure"
# Rows from one number of a span to another: joins over fewer rows find them in the caches of the processor. They are
# eight row groups: fewer than five the engine does not write as they come, but at the end.
LAST_SPAN = "SELECT max(i) FROM placed"
AT_ONCE = 983_040
INSERT = """
    INSERT INTO span_structure BY NAME
    SELECT
        $first + placed.i                                                       AS node,
        $first + placed.parent                                                  AS parent,
        $first + placed.root                                                    AS root,
        $first + placed.invocation                                              AS invocation,
        $first + coalesce(walked.path, placed.i)                                AS path,
        spans.trace_id                                                          AS trace_id,
        spans.source_id                                                         AS source_id,
        spans.line                                                              AS line,
        spans.ordinal                                                           AS ordinal,
        spans.service                                                           AS service,
        spans.instance                                                          AS instance,
        if(placed.is_entry OR spans.is_entry, coalesce(spans.route, spans.name), spans.name) AS operation,
        spans.kind                                                              AS kind,
        placed.is_entry                                                         AS is_entry,
        spans.start_ns                                                          AS start_ns,
        spans.duration_ns                                                       AS duration_ns,
        coalesce(spans.status_code >= 500, false) OR spans.status = 'ERROR'     AS is_error,
        coalesce(
            spans.peer_service,
            spans.db_system,
            spans.messaging_destination,
            if(spans.kind = 'CLIENT', nullif(regexp_extract(spans.path, '^\\w+://([^/:?#]+)', 1), ''), NULL)
        )                                                                       AS peer,
        placed.depth                                                            AS depth,
        placed.is_async                                                         AS is_async,
        placed.skew_ns                                                          AS skew_ns,
        if(placed.is_timed, placed.begin_ns, NULL)                              AS begin_ns,
        if(placed.is_timed, placed.finish_ns, NULL)                             AS finish_ns,
        if(placed.is_timed, placed.finish_ns - placed.begin_ns - coalesce(covered.covered_ns, 0), NULL) AS self_ns,
        if(placed.is_timed, placed.finish_ns - placed.begin_ns - coalesce(covered.waited_ns, 0), NULL) AS path_ns,
        placed.parent_state                                                     AS parent_state,
        called.shape_id                                                         AS shape_id,
        called.params_id                                                        AS params_id,
        called.calls                                                            AS calls,
        called.items                                                            AS items,
        called.returned_rows                                                    AS returned_rows
    FROM spans
    JOIN placed
        ON spans.rowid = placed.i
        AND placed.i BETWEEN $low AND $high
    LEFT JOIN walked
        ON placed.i = walked.i
        AND walked.i BETWEEN $low AND $high
    LEFT JOIN covered
        ON placed.i = covered.i
        AND covered.i BETWEEN $low AND $high
    LEFT JOIN called
        ON placed.i = called.i
        AND called.i BETWEEN $low AND $high
    WHERE spans.rowid BETWEEN $low AND $high
"""
# The identity of the critical path, over what was written: own parts add up to the span that heads the path.
CHECK = """
    WITH sums AS (
        SELECT
            path                                                            AS path,
            sum(path_ns)                                                    AS parts_ns,
            max(finish_ns - begin_ns) FILTER (node = path)                  AS whole_ns
        FROM span_structure
        WHERE node >= $first
        GROUP BY path
    )
    SELECT
        (SELECT count(DISTINCT hash(trace_id)) FROM span_structure WHERE node >= $first)    AS traces,
        (SELECT count(*) FROM sums WHERE parts_ns <> whole_ns)                               AS violations
"""
