"""How records are linked to spans, the surest way first: what one way has linked no other looks at."""

from __future__ import annotations

# `i` is the row of the span, null where only the trace is certain; `trace_i` that of any span of the trace.
NOTHING_LINKED = "CREATE TEMP TABLE linked (r BIGINT, i BIGINT, trace_i BIGINT, method VARCHAR)"
BY_IDS = """
    INSERT INTO linked
    SELECT
        r                                           AS r,
        min(i)                                      AS i,
        min(i)                                      AS trace_i,
        'ids'                                       AS method
    FROM records
    JOIN span_times USING (trace, span)
    GROUP BY r
"""
# Records with the trace each belongs to, which ids of their own or of others say.
OWN_TRACE = """
    CREATE OR REPLACE TEMP TABLE placed AS
    SELECT r, trace, service, ts_ns, blur_ns
    FROM records
    WHERE
        trace IS NOT NULL
        AND r NOT IN (SELECT r FROM linked)
"""
# A request id belongs to a trace where any record names both, and all that do agree.
TRACE_OF_REQUEST = """
    CREATE OR REPLACE TEMP TABLE placed AS
    SELECT
        r                                           AS r,
        known.trace                                 AS trace,
        service                                     AS service,
        ts_ns                                       AS ts_ns,
        blur_ns                                     AS blur_ns
    FROM records
    JOIN (
        SELECT request, min(trace) AS trace
        FROM records
        WHERE request IS NOT NULL AND trace IS NOT NULL
        GROUP BY request
        HAVING count(DISTINCT trace) = 1
    ) AS known USING (request)
    WHERE r NOT IN (SELECT r FROM linked)
"""
# The innermost span of the service around a record, where those around it lie within each other. Beside the very
# beginning or end of a call the code around it is at work, unless the record tells of that call; whether inside a
# step that begins or ends just then nobody can say. With no span around it: the only one within the slack.
IN_TIME = """
    INSERT INTO linked
    WITH told AS (
        SELECT
            placed.r                                AS r,
            log_calls.shape_id                      AS shape_id
        FROM placed
        JOIN logs ON placed.r = logs.rowid
        JOIN log_calls
            ON logs.source_id = log_calls.source_id
            AND logs.line = log_calls.line
            AND logs.ordinal = log_calls.ordinal
    ),
    near AS (
        SELECT
            r                                       AS r,
            i                                       AS i,
            begin_ns                                AS begin_ns,
            finish_ns                               AS finish_ns,
            finish_ns >= ts_ns AND begin_ns <= ts_ns + blur_ns AS is_around,
            NOT is_entry AND (begin_ns >= ts_ns OR finish_ns <= ts_ns + blur_ns) AS is_edge,
            is_call                                 AS is_call
        FROM placed
        JOIN span_times USING (trace, service)
        WHERE
            finish_ns >= ts_ns - $slack_ns
            AND begin_ns <= ts_ns + blur_ns + $slack_ns
    ),
    same AS (
        SELECT
            near.r                                  AS r,
            min(near.i) FILTER (is_around)          AS i,
            count_if(is_around)                     AS calls
        FROM near
        JOIN told USING (r)
        JOIN spans ON near.i = spans.rowid
        JOIN span_nodes
            ON spans.source_id = span_nodes.source_id
            AND spans.line = span_nodes.line
            AND spans.ordinal = span_nodes.ordinal
            AND told.shape_id = span_nodes.shape_id
        GROUP BY near.r
    ),
    found AS (
        SELECT
            r                                       AS r,
            count_if(is_around AND NOT is_edge)     AS around,
            count_if(is_around AND is_edge AND NOT is_call) AS unclear,
            arg_max(i, (begin_ns, -finish_ns)) FILTER (is_around AND NOT is_edge) AS innermost,
            arg_max(finish_ns, (begin_ns, -finish_ns)) FILTER (is_around AND NOT is_edge) AS innermost_ns,
            min(finish_ns) FILTER (is_around AND NOT is_edge) AS first_ns,
            count(*)                                AS spans,
            min(i)                                  AS only_one
        FROM near
        GROUP BY r
    ),
    traces AS (
        SELECT trace, min(i) AS trace_i
        FROM span_times
        SEMI JOIN placed USING (trace)
        GROUP BY trace
    )
    SELECT
        placed.r                                    AS r,
        CASE
            WHEN same.calls = 1 THEN same.i
            WHEN same.calls > 1 THEN NULL
            WHEN around > 0 AND unclear = 0 AND innermost_ns = first_ns THEN innermost
            WHEN around = 0 AND spans = 1 THEN only_one
        END                                         AS i,
        trace_i                                     AS trace_i,
        $method                                     AS method
    FROM placed
    JOIN traces USING (trace)
    LEFT JOIN found USING (r)
    LEFT JOIN same USING (r)
"""
# The span that sent a statement is in its comment.
BY_COMMENT = """
    INSERT INTO linked
    SELECT
        r                                           AS r,
        min(i)                                      AS i,
        min(i)                                      AS trace_i,
        'traceparent'                               AS method
    FROM named
    JOIN span_times
        ON id_hash(parent.trace) = span_times.trace
        AND id_hash(parent.span) = span_times.span
    WHERE NOT is_linked
    GROUP BY r
"""
# What a server says without a comment is of the statement before it in the same session, if its span was not over.
BY_SESSION = """
    INSERT INTO linked
    WITH followed AS (
        SELECT
            named.*,
            last_value(linked.i IGNORE NULLS) OVER (
                PARTITION BY source_id, service, session
                ORDER BY line, ordinal
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            )                                       AS i
        FROM named
        LEFT JOIN linked
            ON named.r = linked.r
            AND linked.method = 'traceparent'
        WHERE session IS NOT NULL
    )
    SELECT
        followed.r                                  AS r,
        followed.i                                  AS i,
        followed.i                                  AS trace_i,
        'session'                                   AS method
    FROM followed
    JOIN span_times ON followed.i = span_times.i
    WHERE
        followed.r NOT IN (SELECT r FROM linked)
        AND finish_ns >= ts_ns - $slack_ns
        AND begin_ns <= ts_ns + blur_ns + $slack_ns
"""
# A thread that is known to serve requests serves the only one its instance has in flight.
BY_THREAD = """
    INSERT INTO linked
    WITH serving AS (
        SELECT DISTINCT service, instance, thread
        FROM named
        WHERE is_linked AND thread IS NOT NULL
    ),
    alone AS (
        SELECT named.r, named.service, named.instance, named.ts_ns, named.blur_ns
        FROM named
        SEMI JOIN serving USING (service, instance, thread)
        WHERE
            named.r NOT IN (SELECT r FROM linked)
            AND ts_ns IS NOT NULL
    )
    SELECT
        alone.r                                     AS r,
        in_flight.i                                 AS i,
        in_flight.i                                 AS trace_i,
        'thread_time'                               AS method
    FROM alone
    ASOF JOIN in_flight
        ON alone.service = in_flight.service
        AND alone.instance = in_flight.instance
        AND alone.ts_ns >= in_flight.begin_ns
    WHERE
        in_flight.finish_ns >= alone.ts_ns + alone.blur_ns
        AND coalesce(in_flight.others_ns < alone.ts_ns, true)
"""
KEEP = """
    INSERT INTO log_links BY NAME
    SELECT
        logs.source_id                              AS source_id,
        logs.line                                   AS line,
        logs.ordinal                                AS ordinal,
        logs.ts_ns                                  AS ts_ns,
        logs.service                                AS service,
        linked.method                               AS method,
        of_trace.trace_id                           AS trace_id,
        found.span_id                               AS span_id
    FROM linked
    JOIN logs ON linked.r = logs.rowid
    JOIN spans AS of_trace ON linked.trace_i = of_trace.rowid
    LEFT JOIN spans AS found ON linked.i = found.rowid
"""
