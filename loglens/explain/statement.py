"""The statement of `why`: the requests of both sides with all that is known of each."""

from __future__ import annotations

from loglens.explain.own_attributes import OWN

# One row a request, and for a request one row for each component, attribute, failure and message. `part` says which.
COMPARED = (
    r"""
    WITH RECURSIVE asked AS NOT MATERIALIZED (
        SELECT * FROM requests
        WHERE
            in_scope(start_ns, $since_ns, $until_ns)
            AND ($service IS NULL OR service = $service)
            AND ($found_service IS NULL OR service = $found_service)
            AND if($found_route IS NULL, NOT is_health, route = $found_route)
    ),
    quantiles AS (
        SELECT
            quantile_disc(duration_ns, coalesce($tail_fraction, 1)::DECIMAL(18, 9))  AS deep_ns,
            $times_median * quantile_disc(duration_ns, 0.5)::HUGEINT                 AS far_ns
        FROM asked
        WHERE duration_ns >= 0
    ),
    -- Those that take many times the median, where they are enough to compare, and fewer than those of the quantile.
    cut AS (
        SELECT
            count(*) FILTER (WHERE duration_ns >= far_ns) >= $least AND max(far_ns > deep_ns)   AS is_far,
            coalesce($slower_than, if(is_far, max(far_ns), max(deep_ns)))                      AS tail_ns
        FROM asked, quantiles
        WHERE duration_ns >= 0
    ),
    -- The typical requests take alike: of the choices the one whose ends are closest, by their ratio.
    middle AS (
        SELECT
            fences[choice]     AS low_ns,
            fences[choice + 3] AS high_ns
        FROM (
            SELECT quantile_disc(duration_ns, coalesce($body_fences, [1])::DECIMAL(18, 9)[]) AS fences
            FROM asked, cut
            WHERE
                duration_ns >= 0
                AND ($slower_than IS NULL OR duration_ns < tail_ns)
        ) AS spread, range(1, 4) AS choices(choice)
        ORDER BY
            (high_ns + 1.0) / (low_ns + 1.0),
            low_ns DESC
        LIMIT 1
    ),
    sided AS NOT MATERIALIZED (
        SELECT
            asked.*,
            if($errors, is_error, duration_ns >= tail_ns) AS is_tail
        FROM asked, cut, middle
        WHERE
            $errors
            OR duration_ns >= tail_ns
            OR duration_ns BETWEEN low_ns AND high_ns
    ),
    compared AS MATERIALIZED (
        SELECT
            (row_number() OVER (ORDER BY source_id, line, ordinal) - 1)::INTEGER AS request,
            *
        FROM sided
        WHERE hash(source_id, line, ordinal) % if(is_tail, $tail_every, $body_every) = 0
    ),
    slowest AS (
        SELECT
            start_ns    AS start_ns,
            duration_ns AS duration_ns
        FROM asked
        WHERE
            duration_ns >= 0
            AND start_ns IS NOT NULL
        ORDER BY
            duration_ns DESC,
            start_ns
        LIMIT 1
    ),
    heads AS MATERIALIZED (
        SELECT compared.request AS request, span_tree.*
        FROM compared
        JOIN span_tree USING (source_id, line, ordinal)
        WHERE origin = 'span'
    ),
    family AS MATERIALIZED (
        SELECT * FROM span_tree WHERE root IN (SELECT root FROM heads)
    ),
    inside (request, path, node, level) AS (
        SELECT request, path, node, 0
        FROM heads
        UNION ALL
        SELECT inside.request, inside.path, family.node, level + 1
        FROM inside
        JOIN family ON family.parent = inside.node
    ),
    below AS MATERIALIZED (
        SELECT
            inside.request                                              AS request,
            inside.level                                                AS level,
            family.node                                                 AS node,
            family.service                                              AS service,
            component_of(NULL, family.operation, family.peer)           AS operation,
            component_kind(family.kind, db_system, messaging_system, gen_ai_model) AS kind,
            if(family.path = inside.path, coalesce(path_ns, 0), 0)      AS time_ns,
            family.is_error                                             AS is_error,
            error_text(error_type, status_message, status_code)         AS failure,
            spans.attributes                                            AS attributes
        FROM inside
        JOIN family USING (node)
        JOIN spans USING (source_id, line, ordinal)
        WHERE level > 0 OR is_error
    ),
    -- The span a request waited for longest: what sets it apart may say more than the request itself does.
    longest AS (
        SELECT
            request                                     AS request,
            arg_max(operation, (time_ns, -node))        AS operation,
            arg_max(attributes, (time_ns, -node))       AS attributes
        FROM below
        WHERE
            level > 0
            AND time_ns > 0
            AND NOT $errors
        GROUP BY request
    ),
"""  # noqa: S608
    + OWN
    + r"""
    -- What else was logged for the same trace, or without one for the same request id.
    said AS MATERIALIZED (
        SELECT
            related.request                             AS request,
            related.origin                              AS origin,
            logs.service                                AS service,
            first_line(logs.message)                    AS message,
            coalesce(logs.severity_number, 0)           AS severity,
            logs.duration_ns                            AS duration_ns,
            -- What took longer than the whole request was no part of it.
            coalesce(logs.duration_ns BETWEEN 0 AND whole_ns, false) AS is_inside,
            error_text(logs.error_type, coalesce(logs.error_message, logs.message), NULL) AS failure,
            logs.attributes                             AS attributes
        FROM (
            SELECT
                compared.request        AS request,
                compared.origin         AS origin,
                compared.duration_ns    AS whole_ns,
                logs.source_id          AS source_id,
                logs.line               AS line,
                logs.ordinal            AS ordinal
            FROM compared
            JOIN logs USING (trace_id)
            UNION ALL
            SELECT compared.request, compared.origin, compared.duration_ns, logs.source_id, logs.line, logs.ordinal
            FROM compared
            JOIN logs USING (request_id)
            WHERE compared.trace_id IS NULL
        ) AS related
        JOIN logs USING (source_id, line, ordinal)
        WHERE
            (logs.status_code IS NULL OR logs.duration_ns IS NULL)
            AND logs.message IS NOT NULL
    ),
    loudest AS (
        SELECT
            request                                                             AS request,
            arg_max(message, (coalesce(duration_ns, 0), severity, message))     AS message,
            arg_max(attributes, (coalesce(duration_ns, 0), severity, message))  AS attributes
        FROM said
        WHERE
            (duration_ns IS NOT NULL OR severity >= 13)
            AND NOT $errors
        GROUP BY request
    ),
    failures AS (
        SELECT
            request                                                                 AS request,
            -- Of every route, the service and the error say more than the many routes they come from.
            arg_max(
                {'s': service, 'o': if(level = 0 AND $found_route IS NULL, NULL, operation), 'f': failure},
                (level, -node)
            )                                                                       AS failed
        FROM below
        WHERE is_error
        GROUP BY request
        UNION ALL
        SELECT
            request,
            {'s': compared.service, 'o': $found_route, 'f': error_text(error_type, error_message, logs.status_code)}
        FROM compared
        JOIN logs USING (source_id, line, ordinal)
        WHERE
            origin = 'log'
            AND is_error
        UNION ALL
        SELECT DISTINCT
            request,
            {'s': service, 'o': 'logged', 'f': failure}
        FROM said
        WHERE severity >= 17
    ),
    attributes AS (
        SELECT
            request         AS request,
            unnest(names)   AS name,
            unnest(texts)   AS value
        FROM own
        UNION ALL
        SELECT request, 'resource ' || unnest(json_keys(resource)), unnest(json_extract_string(resource, '$.*'))
        FROM own
        UNION ALL
        SELECT
            request,
            operation || ': ' || unnest(json_keys(attributes)),
            unnest(json_extract_string(attributes, '$.*'))
        FROM longest
        UNION ALL
        SELECT request, message || ': ' || unnest(json_keys(attributes)), unnest(json_extract_string(attributes, '$.*'))
        FROM loudest
        UNION ALL
        SELECT request, 'route', route
        FROM compared
        WHERE $found_route IS NULL
        UNION ALL
        SELECT request, 'service', service
        FROM compared
        WHERE $found_service IS NULL
    )
    SELECT
        'request'       AS part,
        request         AS request,
        is_tail         AS is_tail,
        service         AS service,
        trace_id        AS name,
        route           AS value,
        1               AS count,
        duration_ns     AS time_ns,
        start_ns        AS start_ns
    FROM compared
    UNION ALL
    SELECT 'side', NULL, is_tail, NULL, NULL, NULL, count(*), NULL, NULL
    FROM sided
    GROUP BY is_tail
    UNION ALL
    SELECT 'cut', NULL, is_far, NULL, NULL, NULL, NULL, NULL, NULL
    FROM cut
    UNION ALL
    -- How many began while the slowest ran, how long that was, and the time over which all of them began.
    SELECT
        'arrivals', NULL, NULL, NULL, NULL, NULL,
        count(*) FILTER (WHERE try(asked.start_ns - slowest.start_ns) BETWEEN 1 AND slowest.duration_ns - 1),
        any_value(slowest.duration_ns), try_cast(max(asked.start_ns)::HUGEINT - min(asked.start_ns) AS BIGINT)
    FROM asked, slowest
    UNION ALL
    SELECT 'head', request, NULL, service, operation, 'self', 1, NULL, NULL
    FROM heads
    UNION ALL
    SELECT 'head', request, NULL, service, route, 'self', 1, NULL, NULL
    FROM compared
    WHERE origin = 'log'
    UNION ALL
    SELECT 'call', request, NULL, service, operation, kind, count(*), sum(time_ns)::BIGINT, NULL
    FROM below
    WHERE level > 0
    GROUP BY request, service, operation, kind
    UNION ALL
    SELECT 'call', request, NULL, service, message, 'log', count(*), sum(duration_ns)::BIGINT, NULL
    FROM said
    WHERE
        origin = 'log'
        AND is_inside
    GROUP BY request, service, message
    UNION ALL
    SELECT 'failure', request, NULL, failed.s, failed.o, failed.f, NULL, NULL, NULL
    FROM failures
    WHERE $errors
    UNION ALL
    SELECT DISTINCT 'said', request, NULL, service, message, NULL, severity, NULL, NULL
    FROM said
    UNION ALL
    SELECT 'attribute', request, NULL, NULL, name, value, NULL, NULL, NULL
    FROM attributes
    WHERE value IS NOT NULL
"""
)
