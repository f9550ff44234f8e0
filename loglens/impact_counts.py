"""The statement that counts who felt what happened between two times, and what is usual."""

from __future__ import annotations

# Users see the outermost request of a trace; windows of the same length lie before the one asked for, end to end.
IMPACT = """
    WITH whole AS MATERIALIZED (
        SELECT
            coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal)) AS unit,
            service,
            route,
            http_method,
            start_ns,
            duration_ns,
            is_error,
            trace_id,
            origin,
            source_id,
            line,
            ordinal
        FROM requests
        WHERE
            in_scope(start_ns, $since_ns, $until_ns)
            AND start_ns < $to_ns
            AND NOT is_health
    ),
    several AS MATERIALIZED (
        SELECT unit FROM whole GROUP BY unit HAVING count(*) > 1
    ),
    concerned AS (
        SELECT unit
        FROM whole
        WHERE
            ($of_service IS NOT NULL OR $of_route IS NOT NULL)
            AND ($of_service IS NULL OR service = $of_service)
            AND ($of_route IS NULL OR route = $of_route)
    ),
    outside AS (
        SELECT * FROM whole ANTI JOIN several USING (unit)
        UNION ALL
        SELECT unnest(arg_min(whole, (start_ns, -duration_ns, source_id, line, ordinal)))
        FROM whole
        SEMI JOIN several USING (unit)
        GROUP BY unit
    ),
    outermost AS (
        SELECT *
        FROM outside
        WHERE
            ($of_service IS NULL AND $of_route IS NULL)
            OR unit IN (SELECT unit FROM concerned)
    ),
    asked AS MATERIALIZED (
        SELECT
            outermost.service                                       AS service,
            outermost.route                                         AS route,
            outermost.http_method                                   AS http_method,
            outermost.start_ns                                      AS start_ns,
            outermost.duration_ns                                   AS duration_ns,
            outermost.is_error                                      AS is_error,
            outermost.trace_id                                      AS trace_id,
            ($to_ns - 1 - start_ns) // greatest($to_ns - $from_ns, 1) AS age,
            identity.kind                                           AS identity,
            identity.who                                            AS who,
            identity.tenant                                         AS tenant
        FROM outermost
        LEFT JOIN request_identities AS identity USING (source_id, line, ordinal, origin)
        WHERE
            ($service IS NULL OR outermost.service = $service)
            AND ($route IS NULL OR outermost.route = $route)
    ),
    -- Only of whoever may have felt something it matters what they asked before and after.
    hurt AS (
        SELECT DISTINCT identity, who
        FROM asked
        WHERE
            who IS NOT NULL
            AND (is_error OR ($slower_than > 0 AND duration_ns > $slower_than))
    ),
    tried AS (
        SELECT
            asked.*,
            (is_error AND NOT coalesce(
                min(CASE WHEN NOT is_error THEN start_ns END) OVER later <= start_ns + duration_ns + $retry_within,
                false
            ))
            OR ($slower_than > 0 AND duration_ns > $slower_than)    AS is_felt,
            start_ns - lag(start_ns) OVER (PARTITION BY identity, who ORDER BY start_ns)
            > 1800000000000                                         AS is_later,
            min(start_ns) OVER (PARTITION BY identity, who)         AS first_ns
        FROM asked
        SEMI JOIN hurt USING (identity, who)
        WINDOW later AS (
            PARTITION BY identity, who, service, route, http_method
            ORDER BY start_ns
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        )
    ),
    told AS MATERIALIZED (
        SELECT
            *,
            sum(coalesce(is_later, false)::INTEGER) OVER (PARTITION BY identity, who ORDER BY start_ns) AS session
        FROM tried
        UNION ALL
        SELECT *, false, NULL, NULL, NULL
        FROM asked
        ANTI JOIN hurt USING (identity, who)
        WHERE who IS NOT NULL
    ),
    counted AS (
        SELECT
            identity                                                AS identity,
            age                                                     AS age,
            count(DISTINCT who)                                     AS active,
            count(DISTINCT who) FILTER (WHERE is_felt)              AS affected
        FROM told
        GROUP BY identity, age
    ),
    usual AS (
        SELECT
            identity                                                AS identity,
            sum(affected) / sum(active)                             AS share
        FROM counted
        WHERE age > 0
        GROUP BY identity
    ),
    now_asked AS MATERIALIZED (
        SELECT *
        FROM told
        WHERE age = 0
    ),
    parts AS (
        SELECT 'all' AS part, 'all requests' AS name, * FROM now_asked
        UNION ALL
        SELECT 'route', concat_ws(' ', service, route), * FROM now_asked
        UNION ALL
        SELECT 'tenant', tenant, * FROM now_asked WHERE tenant IS NOT NULL
    ),
    people AS (
        SELECT
            part                                                    AS part,
            name                                                    AS name,
            identity                                                AS identity,
            who                                                     AS who,
            count(*)                                                AS requests,
            count(*) FILTER (WHERE is_error)                        AS failed,
            count(*) FILTER (WHERE is_felt)                         AS felt,
            count(DISTINCT session) FILTER (WHERE is_felt)          AS sessions,
            min(first_ns)                                           AS first_ns,
            max((start_ns, trace_id)) FILTER (WHERE is_felt AND trace_id IS NOT NULL) AS exemplar
        FROM parts
        GROUP BY part, name, identity, who
    ),
    busy AS (
        SELECT
            identity                                                AS identity,
            50 * median(requests)                                   AS too_many
        FROM people
        WHERE part = 'all'
        GROUP BY identity
    ),
    listed AS (
        SELECT * FROM people
        UNION ALL
        SELECT people.* REPLACE ('client' AS part, who AS name)
        FROM people
        JOIN busy USING (identity)
        WHERE
            part = 'all'
            AND requests > too_many
    ),
    nobody AS (
        SELECT
            count(*)                                                AS requests,
            count(*) FILTER (WHERE is_error)                        AS failed
        FROM asked
        WHERE
            who IS NULL
            AND age = 0
    ),
    summed AS (
        SELECT
            part                                                    AS part,
            name                                                    AS name,
            identity                                                AS identity,
            count(*)                                                AS active,
            count(*) FILTER (WHERE felt > 0)                        AS affected,
            count(*) FILTER (WHERE failed = requests)               AS fully_down,
            sum(sessions)::BIGINT                                   AS sessions,
            count(*) FILTER (WHERE felt > 0 AND first_ns >= $from_ns) AS new_users,
            sum(requests)::BIGINT                                   AS requests,
            sum(failed)::BIGINT                                     AS failed,
            max(exemplar)                                           AS exemplar
        FROM listed
        GROUP BY part, name, identity
        UNION ALL
        -- Where nobody is known by name, that much is told.
        SELECT 'all', 'all requests', NULL, NULL, NULL, NULL, NULL, NULL, requests, failed, NULL
        FROM nobody
        WHERE
            requests > 0
            AND NOT EXISTS (FROM listed)
    )
    SELECT
        part                                                        AS part,
        name                                                        AS name,
        identity                                                    AS identity,
        active                                                      AS active,
        affected                                                    AS affected,
        affected / active                                           AS affected_ratio,
        if(part = 'all', active * share, NULL)                      AS usual,
        if(part = 'all', affected - active * share, NULL)           AS excess,
        fully_down                                                  AS fully_down,
        sessions                                                    AS sessions,
        new_users                                                   AS new_users,
        summed.requests                                             AS requests,
        summed.failed                                               AS failed,
        if(part = 'all', nobody.requests, NULL)                     AS anonymous,
        exemplar[2]                                                 AS exemplar_trace_id
    FROM summed
    LEFT JOIN usual USING (identity)
    CROSS JOIN nobody
    WHERE
        part IN ('all', 'client')
        OR affected > 0
    ORDER BY
        array_position(['all', 'route', 'tenant', 'client'], part),
        affected DESC,
        active DESC,
        name,
        identity
"""
