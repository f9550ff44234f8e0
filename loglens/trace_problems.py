"""The statement of `trace_quality`: for each problem, the spans of each service that have it."""

from __future__ import annotations

PROBLEMS = r"""
    WITH own AS MATERIALIZED (
        SELECT
            *
        FROM span_tree
        WHERE
            in_scope(start_ns, $since_ns, $until_ns)
            AND ($service IS NULL OR service = $service)
    ),
    sizes AS (
        SELECT
            service                                                         AS service,
            count(*)                                                        AS spans
        FROM own
        GROUP BY service
    ),
    lost_parents AS (
        SELECT
            service                                                         AS service,
            'missing parents'                                               AS problem,
            count(*)                                                        AS affected,
            format(
                'put below the only caller around it: {:,}',
                nullif(count(*) FILTER (parent_state = 'attached'), 0)
            )                                                               AS detail,
            min(trace_id)                                                   AS exemplar_trace_id
        FROM own
        WHERE parent_state IN ('missing', 'attached')
        GROUP BY service
    ),
    placeless AS (
        SELECT
            service                                                         AS service,
            'no place in their trace'                                       AS problem,
            count(*)                                                        AS affected,
            string_agg(DISTINCT parent_state, ', ' ORDER BY parent_state)   AS detail,
            min(trace_id)                                                   AS exemplar_trace_id
        FROM own
        WHERE parent_state IN ('cycle', 'too deep', 'duplicate', 'oversized')
        GROUP BY service
    ),
    skewed AS (
        SELECT
            service                                                         AS service,
            'clocks that differ'                                            AS problem,
            count(*)                                                        AS affected,
            printf(
                'corrected by %+.0f ms in the median, %.0f ms at most',
                quantile_disc(skew_ns, 0.5) / 1e6, max(abs(skew_ns)) / 1e6
            )                                                               AS detail,
            arg_max(trace_id, (abs(skew_ns), trace_id))                     AS exemplar_trace_id
        FROM own
        WHERE abs(skew_ns) >= 1000000
        GROUP BY service
    ),
    -- A call and its answer that have no moment in common, and are too far apart for clocks.
    apart AS (
        SELECT
            own.service                                                     AS service,
            'calls at another time than their caller'                       AS problem,
            count(*)                                                        AS affected,
            NULL                                                            AS detail,
            min(own.trace_id)                                               AS exemplar_trace_id
        FROM own
        JOIN span_tree AS caller
            ON own.parent = caller.node
        WHERE
            own.is_async
            AND own.kind = 'SERVER'
            AND caller.kind = 'CLIENT'
        GROUP BY own.service
    ),
    untimed AS (
        SELECT
            service                                                         AS service,
            'times that cannot be used'                                     AS problem,
            count(*)                                                        AS affected,
            concat_ws(
                ', ',
                format('no start: {:,}', nullif(count(*) FILTER (start_ns IS NULL), 0)),
                format('no duration: {:,}', nullif(count(*) FILTER (duration_ns IS NULL), 0)),
                format('end before start: {:,}', nullif(count(*) FILTER (duration_ns < 0), 0)),
                format(
                    'before 1933 or after 2116: {:,}',
                    nullif(count(*) FILTER (NOT is_in_range(start_ns, duration_ns)), 0)
                )
            )                                                               AS detail,
            min(trace_id)                                                   AS exemplar_trace_id
        FROM own
        WHERE
            start_ns IS NULL
            OR duration_ns IS NULL
            OR duration_ns < 0
            OR NOT is_in_range(start_ns, duration_ns)
        GROUP BY service
    ),
    no_requests AS (
        SELECT
            service                                                         AS service,
            'no request spans'                                              AS problem,
            count(*)                                                        AS affected,
            string_agg(DISTINCT kind, ', ' ORDER BY kind)                   AS detail,
            min(trace_id)                                                   AS exemplar_trace_id
        FROM own
        GROUP BY service
        HAVING NOT bool_or(is_request)
    ),
    -- Calls of a service that exports spans, but none that belongs to the call.
    outgoing AS (
        SELECT
            own.service                                                     AS service,
            own.peer                                                        AS peer,
            own.trace_id                                                    AS trace_id,
            callee.parent IS NULL                                           AS is_lost
        FROM own
        LEFT JOIN (SELECT DISTINCT parent FROM span_tree WHERE parent_state IN ('remote', 'attached')) AS callee
            ON own.node = callee.parent
        WHERE
            own.kind = 'CLIENT'
            AND own.peer <> own.service
            AND own.peer IN (SELECT DISTINCT service FROM span_tree WHERE is_request)
    ),
    lost AS (
        SELECT
            service                                                         AS service,
            'calls whose other side is missing'                             AS problem,
            count(*) FILTER (is_lost)                                       AS affected,
            'calls of ' || string_agg(DISTINCT peer, ', ' ORDER BY peer) FILTER (is_lost) AS detail,
            min(trace_id) FILTER (is_lost)                                  AS exemplar_trace_id,
            count(*)                                                        AS concerned
        FROM outgoing
        GROUP BY service
        HAVING affected > 0
    ),
    shaped AS (
        SELECT
            own.service                                                     AS service,
            'statements cut off'                                            AS problem,
            count(*) FILTER (is_truncated)                                  AS affected,
            format('shapes: {:,}', count(DISTINCT shape_id) FILTER (is_truncated)) AS detail,
            min(own.trace_id) FILTER (is_truncated)                         AS exemplar_trace_id,
            count(*)                                                        AS concerned
        FROM own
        JOIN query_shapes USING (shape_id)
        GROUP BY own.service
        HAVING affected > 0
    ),
    -- As many spans as an agent records of one request, in several requests, is no accident.
    limited AS (
        SELECT
            service                                                         AS service,
            'requests at a limit of spans'                                  AS problem,
            sum(spans)::BIGINT                                              AS affected,
            format('{:,} requests have exactly {:,} spans, and none has more', count(*), spans) AS detail,
            min(trace_id)                                                   AS exemplar_trace_id
        FROM (
            SELECT
                service                                                     AS service,
                count(*)                                                    AS spans,
                any_value(trace_id)                                         AS trace_id,
                max(count(*)) OVER (PARTITION BY service)                   AS most
            FROM own
            GROUP BY invocation, service
        ) AS invocations
        WHERE
            spans = most
            AND spans >= 100
        GROUP BY service, spans
        HAVING count(*) >= 3
    ),
    recorded AS (
        SELECT
            service                                                         AS service,
            trace_id                                                        AS trace_id,
            extra                                                           AS extra,
            attributes                                                      AS attributes
        FROM spans
        WHERE
            in_scope(start_ns, $since_ns, $until_ns)
            AND ($service IS NULL OR service = $service)
    ),
    dropped AS (
        SELECT
            service                                                         AS service,
            'attributes, events or links left out'                          AS problem,
            count(*)                                                        AS affected,
            concat_ws(
                ', ',
                format('attributes: {:,}', nullif(sum((extra ->> 'droppedAttributesCount')::BIGINT), 0)),
                format('events: {:,}', nullif(sum((extra ->> 'droppedEventsCount')::BIGINT), 0)),
                format('links: {:,}', nullif(sum((extra ->> 'droppedLinksCount')::BIGINT), 0))
            )                                                               AS detail,
            min(trace_id)                                                   AS exemplar_trace_id
        FROM recorded
        WHERE
            contains(extra, '"dropped')
            AND coalesce((extra ->> 'droppedAttributesCount')::BIGINT, 0)
            + coalesce((extra ->> 'droppedEventsCount')::BIGINT, 0)
            + coalesce((extra ->> 'droppedLinksCount')::BIGINT, 0) > 0
        GROUP BY service
    ),
    weights AS (
        SELECT
            service                                                         AS service,
            trace_id                                                        AS trace_id,
            span_weight(extra, attributes)                                  AS weight,
            contains(attributes, '"tailsampling.')                          AS is_tail
        FROM recorded
        WHERE
            contains(extra, '"traceState"')
            OR contains(attributes, 'ampl')
            OR contains(attributes, '_dd.agent_psr')
    ),
    sampled AS (
        SELECT
            service                                                         AS service,
            'sampled'                                                       AS problem,
            count(*) FILTER (weight > 1 OR is_tail)                         AS affected,
            concat_ws(
                ', ',
                'each stands for ' || printf('%.1f', avg(weight) FILTER (weight > 1)) || ' in the mean',
                if(bool_or(is_tail), 'chosen at the end of the trace', NULL)
            )                                                               AS detail,
            min(trace_id) FILTER (weight > 1 OR is_tail)                    AS exemplar_trace_id
        FROM weights
        GROUP BY service
        HAVING affected > 0
    ),
    old_names AS (
        SELECT
            own.service                                                     AS service,
            'old attribute names'                                           AS problem,
            count(*)                                                        AS affected,
            any_value(names)                                                AS detail,
            min(own.trace_id)                                               AS exemplar_trace_id
        FROM own
        JOIN (
            SELECT
                source_id                                                   AS source_id,
                array_to_string(list_sort(list_filter(
                    json_keys(assumptions),
                    lambda name: starts_with(json_extract_string(assumptions, '$."' || name || '"'), 'old name of')
                )), ', ')                                                   AS names
            FROM sources
            WHERE contains(assumptions, '"old name of')
        ) AS named USING (source_id)
        GROUP BY own.service
    ),
    unspanned AS (
        SELECT
            service                                                         AS service,
            'records without spans'                                         AS problem,
            count(*) FILTER (trace_id IS NOT NULL)                          AS affected,
            'they carry trace ids, but the service exports no spans'        AS detail,
            min(trace_id)                                                   AS exemplar_trace_id,
            count(*)                                                        AS concerned
        FROM logs
        WHERE
            in_scope(ts_ns, $since_ns, $until_ns)
            AND ($service IS NULL OR service = $service)
            AND service NOT IN (SELECT DISTINCT service FROM spans WHERE service IS NOT NULL)
        GROUP BY service
        HAVING affected > 0
    ),
    problems AS (
        FROM lost_parents
        UNION ALL BY NAME FROM placeless
        UNION ALL BY NAME FROM skewed
        UNION ALL BY NAME FROM apart
        UNION ALL BY NAME FROM untimed
        UNION ALL BY NAME FROM no_requests
        UNION ALL BY NAME FROM lost
        UNION ALL BY NAME FROM shaped
        UNION ALL BY NAME FROM limited
        UNION ALL BY NAME FROM dropped
        UNION ALL BY NAME FROM sampled
        UNION ALL BY NAME FROM old_names
        UNION ALL BY NAME FROM unspanned
    )
    SELECT
        problems.service                                                    AS service,
        problem                                                             AS problem,
        affected                                                            AS affected,
        greatest(coalesce(concerned, sizes.spans), affected)                AS concerned,
        affected / greatest(coalesce(concerned, sizes.spans), affected)     AS affected_ratio,
        nullif(detail, '')                                                  AS detail,
        exemplar_trace_id                                                   AS exemplar_trace_id
    FROM problems
    LEFT JOIN sizes
        ON problems.service IS NOT DISTINCT FROM sizes.service
    ORDER BY
        affected DESC,
        problems.service ASC NULLS LAST,
        problem ASC
"""
