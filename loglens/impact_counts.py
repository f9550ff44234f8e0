"""The statement that counts who felt what happened between two times, and what is usual."""

from __future__ import annotations

# Users see the outermost request of a trace; windows of the same length lie before the one asked for, end to end.
IMPACT = """
    WITH whole AS MATERIALIZED (
        SELECT
            service, route, http_method, start_ns, duration_ns, is_error, trace_id, request_id, user_id,
            origin, source_id, line, ordinal,
            hash(coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal))) AS hashed
        FROM requests
        WHERE
            in_scope(start_ns, $since_ns, $until_ns)
            AND start_ns < $to_ns
            AND NOT is_health
    ),
    -- Few requests share their trace with others; two ids with one hash are told apart where that matters.
    several AS MATERIALIZED (
        SELECT hashed FROM whole GROUP BY hashed HAVING count(*) > 1
    ),
    concerned AS (
        SELECT DISTINCT coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal)) AS unit
        FROM whole
        WHERE
            ($of_service IS NOT NULL OR $of_route IS NOT NULL)
            AND ($of_service IS NULL OR service = $of_service)
            AND ($of_route IS NULL OR route = $of_route)
    ),
    outside AS (
        SELECT * FROM whole ANTI JOIN several USING (hashed)
        UNION ALL
        SELECT unnest(arg_min(whole, (start_ns, -duration_ns, source_id, line, ordinal)))
        FROM whole
        SEMI JOIN several USING (hashed)
        GROUP BY coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal))
    ),
    outermost AS MATERIALIZED (
        SELECT * EXCLUDE (hashed, request_id), ($to_ns - 1 - start_ns) // greatest($to_ns - $from_ns, 1) AS age
        FROM outside
        WHERE
            (
                ($of_service IS NULL AND $of_route IS NULL)
                OR coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal)) IN (FROM concerned)
            )
            AND ($service IS NULL OR service = $service)
            AND ($route IS NULL OR route = $route)
    ),
    unnamed AS MATERIALIZED (
        SELECT source_id, line, ordinal, origin FROM outermost WHERE user_id IS NULL
    ),
    -- Where all requests tell their user, nobody's attributes are searched for another name.
    otherwise AS MATERIALIZED (
        SELECT source_id, line, ordinal, origin, kind, who
        FROM request_identities
        SEMI JOIN unnamed USING (source_id, line, ordinal, origin)
    ),
    -- Cheap to make again for each of its readers, dear to keep: it is as wide as the requests.
    asked AS NOT MATERIALIZED (
        SELECT *, 'user' AS identity, user_id AS who
        FROM outermost
        WHERE user_id IS NOT NULL
        UNION ALL
        SELECT outermost.*, kind, who
        FROM outermost
        LEFT JOIN otherwise USING (source_id, line, ordinal, origin)
        WHERE user_id IS NULL
    ),
    -- Only of whoever may have felt something it matters what they asked before and after.
    hurt AS (
        SELECT DISTINCT identity, who
        FROM asked
        WHERE
            who IS NOT NULL
            AND (is_error OR ($slower_than > 0 AND duration_ns > $slower_than))
    ),
    retried AS (
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
    felt AS MATERIALIZED (
        SELECT *
        FROM (
            SELECT
                *,
                sum(coalesce(is_later, false)::INTEGER) OVER (PARTITION BY identity, who ORDER BY start_ns) AS session
            FROM retried
        ) AS numbered
        WHERE is_felt
    ),
    before_active AS (
        SELECT identity, age, count(DISTINCT who) AS active
        FROM asked
        WHERE
            who IS NOT NULL
            AND age > 0
        GROUP BY identity, age
    ),
    before_affected AS (
        SELECT identity, age, count(DISTINCT who) AS affected
        FROM felt
        WHERE age > 0
        GROUP BY identity, age
    ),
    usual AS (
        SELECT
            identity                                                AS identity,
            sum(coalesce(affected, 0)) / sum(active)                AS share
        FROM before_active
        LEFT JOIN before_affected USING (identity, age)
        GROUP BY identity
    ),
    -- Everybody once a route: few groups are made of many requests once, and of them all others.
    of_routes AS MATERIALIZED (
        SELECT
            concat_ws(' ', service, route)                          AS name,
            identity                                                AS identity,
            who                                                     AS who,
            count(*)                                                AS requests,
            count_if(is_error)                                      AS failed
        FROM asked
        WHERE
            who IS NOT NULL
            AND age = 0
        GROUP BY name, identity, who
    ),
    -- Where nobody who felt it has a tenant, nobody's attributes are searched for one.
    hit_tenants AS MATERIALIZED (
        SELECT DISTINCT tenant_of(attributes) AS tenant
        FROM request_attributes
        SEMI JOIN (FROM felt WHERE age = 0) AS felt USING (origin, source_id, line, ordinal)
    ),
    identified AS MATERIALIZED (
        SELECT source_id, line, ordinal, origin, tenant
        FROM request_identities
        SEMI JOIN hit_tenants USING (tenant)
        WHERE EXISTS (FROM hit_tenants WHERE tenant IS NOT NULL)
    ),
    of_tenants AS (
        SELECT tenant, identity, who, count(*) AS requests, count_if(is_error) AS failed
        FROM asked
        JOIN identified USING (source_id, line, ordinal, origin)
        WHERE
            who IS NOT NULL
            AND age = 0
        GROUP BY tenant, identity, who
    ),
    people AS MATERIALIZED (
        SELECT identity, who, sum(requests) AS requests, sum(failed) AS failed
        FROM of_routes
        GROUP BY identity, who
    ),
    busy AS (
        SELECT
            identity                                                AS identity,
            50 * median(requests)                                   AS too_many
        FROM people
        GROUP BY identity
    ),
    clients AS MATERIALIZED (
        SELECT people.*
        FROM people
        JOIN busy USING (identity)
        WHERE requests > too_many
    ),
    active AS (
        SELECT
            'route'                                                 AS part,
            name                                                    AS name,
            identity                                                AS identity,
            count(*)                                                AS active,
            count_if(failed = requests)                             AS fully_down,
            sum(requests)                                           AS requests,
            sum(failed)                                             AS failed
        FROM of_routes
        GROUP BY name, identity
        UNION ALL
        SELECT 'all', 'all requests', identity, count(*), count_if(failed = requests), sum(requests), sum(failed)
        FROM people
        GROUP BY identity
        UNION ALL
        SELECT 'tenant', tenant, identity, count(*), count_if(failed = requests), sum(requests), sum(failed)
        FROM of_tenants
        GROUP BY tenant, identity
        UNION ALL
        SELECT 'client', who, identity, 1, (failed = requests)::INTEGER, requests, failed
        FROM clients
    ),
    affected AS (
        SELECT
            part                                                    AS part,
            name                                                    AS name,
            identity                                                AS identity,
            count(DISTINCT who)                                     AS affected,
            count(DISTINCT (who, session))                          AS sessions,
            count(DISTINCT who) FILTER (WHERE first_ns >= $from_ns) AS new_users,
            max((start_ns, trace_id)) FILTER (WHERE trace_id IS NOT NULL) AS exemplar
        FROM (
            SELECT 'all' AS part, 'all requests' AS name, * FROM felt
            UNION ALL
            SELECT 'route', concat_ws(' ', service, route), * FROM felt
            UNION ALL
            SELECT 'tenant', tenant, felt.* FROM felt JOIN identified USING (source_id, line, ordinal, origin)
            UNION ALL
            SELECT 'client', who, * FROM felt SEMI JOIN clients USING (identity, who)
        ) AS parts
        WHERE age = 0
        GROUP BY part, name, identity
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
            active.*,
            coalesce(affected, 0)                                   AS affected,
            coalesce(sessions, 0)                                   AS sessions,
            coalesce(new_users, 0)                                  AS new_users,
            exemplar                                                AS exemplar
        FROM active
        LEFT JOIN affected USING (part, name, identity)
        UNION ALL BY NAME
        -- Where nobody is known by name, that much is told.
        SELECT 'all' AS part, 'all requests' AS name, requests, failed
        FROM nobody
        WHERE
            requests > 0
            AND NOT EXISTS (FROM people)
        UNION ALL BY NAME
        -- Where some are known, failures of nobody known are told beside theirs.
        SELECT 'anonymous' AS part, 'requests of nobody known' AS name, requests, failed
        FROM nobody
        WHERE
            failed > 0
            AND EXISTS (FROM people)
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
        fully_down::BIGINT                                          AS fully_down,
        sessions                                                    AS sessions,
        new_users                                                   AS new_users,
        summed.requests::BIGINT                                     AS requests,
        summed.failed::BIGINT                                       AS failed,
        if(part = 'all', nobody.requests, NULL)                     AS anonymous,
        exemplar[2]                                                 AS exemplar_trace_id
    FROM summed
    LEFT JOIN usual USING (identity)
    CROSS JOIN nobody
    WHERE
        part IN ('all', 'anonymous', 'client')
        OR affected > 0
    ORDER BY
        array_position(['all', 'anonymous', 'route', 'tenant', 'client'], part),
        affected DESC,
        active DESC,
        name,
        identity
"""
