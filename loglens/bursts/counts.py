"""The statement that counts: errors and traffic of every key, in buckets of time."""

from __future__ import annotations

# One row a key (`is_asked`: the traffic is requests) with errors enough, and its counts by bucket; first the row of the
# time they lie in, whose `kind` is null.
COUNTS = """
    WITH range AS MATERIALIZED (
        SELECT * FROM time_range($until_ns)
    ),
    answered AS MATERIALIZED (
        SELECT
            service                                                         AS service,
            route                                                           AS route,
            (start_ns - first_ns) // width_ns                               AS bucket,
            count(*)                                                        AS traffic,
            count_if(is_error)                                              AS errors
        FROM requests
        CROSS JOIN range
        WHERE
            start_ns BETWEEN first_ns AND last_ns
            AND NOT is_health
            AND ($service IS NULL OR service = $service)
        GROUP BY ALL
    ),
    -- Of services that answer no requests the records that are no errors stand for the traffic.
    written AS MATERIALIZED (
        SELECT
            logs.service                                                    AS service,
            (ts_ns - first_ns) // width_ns                                  AS bucket,
            count(*) FILTER (WHERE coalesce(severity_number, 9) < 17)       AS traffic
        FROM logs
        CROSS JOIN range
        ANTI JOIN (SELECT DISTINCT service FROM answered) AS answering
            ON logs.service IS NOT DISTINCT FROM answering.service
        WHERE
            ts_ns BETWEEN first_ns AND last_ns
            AND ($service IS NULL OR logs.service = $service)
        GROUP BY ALL
    ),
    failures AS MATERIALIZED (
        SELECT
            service                                                         AS service,
            error                                                           AS error,
            (start_ns - first_ns) // width_ns                               AS bucket,
            count(DISTINCT unit)                                            AS errors
        FROM error_events
        CROSS JOIN range
        WHERE
            start_ns BETWEEN first_ns AND last_ns
            -- Where a later attempt succeeded, nobody was hurt.
            AND outcome <> 'retried'
            AND NOT coalesce(is_health_route(route), false)
            AND ($service IS NULL OR service = $service)
        GROUP BY ALL
    ),
    called AS MATERIALIZED (
        SELECT
            service                                                         AS service,
            peer                                                            AS peer,
            (start_ns - first_ns) // width_ns                               AS bucket,
            count(*)                                                        AS traffic,
            count_if(is_error)                                              AS errors
        FROM span_tree
        CROSS JOIN range
        WHERE
            kind = 'CLIENT'
            AND peer IS NOT NULL
            AND start_ns BETWEEN first_ns AND last_ns
            AND ($service IS NULL OR service = $service)
        GROUP BY ALL
    ),
    -- Lines of errors by template, of one request once.
    logged AS MATERIALIZED (
        SELECT
            records.service                                                 AS service,
            template                                                        AS template,
            (records.ts_ns - first_ns) // width_ns                          AS bucket,
            count(DISTINCT coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal))) AS errors
        FROM log_record_templates AS records
        JOIN log_templates USING (template_id)
        JOIN logs USING (source_id, line, ordinal)
        CROSS JOIN range
        WHERE
            records.severity_number >= 17
            -- The same said of the record itself, so that of the others no id is read.
            AND logs.severity_number >= 17
            AND records.ts_ns BETWEEN first_ns AND last_ns
            AND ($service IS NULL OR records.service = $service)
        GROUP BY ALL
    ),
    failing AS MATERIALIZED (
        SELECT origin, source_id, line, ordinal
        FROM requests
        CROSS JOIN range
        WHERE
            is_error
            AND start_ns BETWEEN first_ns AND last_ns
            AND NOT is_health
            AND ($service IS NULL OR service = $service)
    ),
    most_failing AS MATERIALIZED (
        SELECT tenant_of(attributes) AS tenant
        FROM request_attributes
        SEMI JOIN failing USING (origin, source_id, line, ordinal)
        GROUP BY tenant
        -- None comes last, and is not left out by a condition: that would be asked of every request before the join.
        ORDER BY tenant IS NULL, count(*) DESC, tenant
        LIMIT 50
    ),
    -- Where no error has a tenant, nobody's attributes are searched for one.
    identified AS MATERIALIZED (
        SELECT source_id, line, ordinal, origin, tenant
        FROM request_identities
        SEMI JOIN most_failing USING (tenant)
        WHERE EXISTS (FROM most_failing WHERE tenant IS NOT NULL)
    ),
    tenants AS MATERIALIZED (
        SELECT
            tenant                                                          AS tenant,
            (start_ns - first_ns) // width_ns                               AS bucket,
            is_error                                                        AS is_error,
            coalesce(trace_id, concat_ws(':', source_id, line, ordinal))    AS unit
        FROM requests
        JOIN identified USING (source_id, line, ordinal, origin)
        CROSS JOIN range
        WHERE
            start_ns BETWEEN first_ns AND last_ns
            AND EXISTS (FROM identified)
            AND NOT is_health
            AND ($service IS NULL OR service = $service)
    ),
    counted AS (
        SELECT
            'service'       AS kind,
            service         AS service,
            NULL            AS route,
            NULL            AS name,
            bucket          AS bucket,
            sum(traffic)    AS traffic,
            sum(errors)     AS errors,
            true            AS is_asked
        FROM answered
        GROUP BY service, bucket
        UNION ALL
        SELECT 'service', service, NULL, NULL, bucket, sum(traffic), sum(errors), false
        FROM (
            SELECT service, bucket, traffic, 0 AS errors FROM written
            UNION ALL
            SELECT service, bucket, 0, errors
            FROM failures
            ANTI JOIN (SELECT DISTINCT service FROM answered) AS answering
                ON failures.service IS NOT DISTINCT FROM answering.service
        ) AS lines
        GROUP BY service, bucket
        UNION ALL
        SELECT 'route', service, route, NULL, bucket, traffic, errors, true
        FROM answered
        WHERE route IS NOT NULL
        UNION ALL
        SELECT 'error', service, NULL, error, bucket, NULL, errors, NULL
        FROM failures
        UNION ALL
        SELECT 'dependency', service, NULL, peer, bucket, traffic, errors, true
        FROM called
        UNION ALL
        SELECT 'template', service, NULL, template, bucket, NULL, errors, NULL
        FROM logged
        UNION ALL
        SELECT
            'tenant',
            NULL,
            NULL,
            tenant,
            bucket,
            count(DISTINCT unit),
            count(DISTINCT unit) FILTER (WHERE is_error),
            true
        FROM tenants
        GROUP BY tenant, bucket
    ),
    keys AS MATERIALIZED (
        SELECT
            kind            AS kind,
            service         AS service,
            route           AS route,
            name            AS name,
            any_value(is_asked) AS is_asked,
            sum(errors)     AS whole,
            list(point_of_series(bucket, traffic, errors) ORDER BY bucket) AS points
        FROM counted
        GROUP BY kind, service, route, name
    )
    SELECT
        NULL                    AS kind,
        NULL                    AS service,
        NULL                    AS route,
        NULL                    AS name,
        NULL                    AS is_asked,
        -- What failed too seldom for any burst, to be told as such.
        (SELECT count(*) FROM keys WHERE whole > 0 AND whole < $min_excess) AS seldom,
        [point_of_series(width_ns, first_ns, last_ns)] AS points
    FROM range
    UNION ALL
    SELECT
        kind                    AS kind,
        service                 AS service,
        route                   AS route,
        name                    AS name,
        is_asked                AS is_asked,
        NULL                    AS seldom,
        points                  AS points
    FROM keys
    WHERE
        whole >= $min_excess
        -- What errors of a service are in proportion to.
        OR kind = 'service'
    ORDER BY
        kind NULLS FIRST,
        service NULLS FIRST,
        route NULLS FIRST,
        name NULLS FIRST
"""

# The errors of one burst, counted anew.
COUNT_AGAIN = """
    SELECT
        count(*) AS errors
    FROM (
        SELECT service, start_ns
        FROM requests
        WHERE
            $kind IN ('service', 'route')
            AND ($route IS NULL OR route = $route)
            AND is_error
            AND NOT is_health
        UNION ALL
        SELECT service, min(start_ns)
        FROM error_events
        WHERE
            outcome <> 'retried'
            AND NOT coalesce(is_health_route(route), false)
            AND (
                ($kind = 'error' AND error = $name)
                OR (
                    $kind = 'service'
                    AND service IS NOT DISTINCT FROM $service
                    AND NOT EXISTS (FROM requests WHERE service IS NOT DISTINCT FROM $service AND NOT is_health)
                )
            )
        GROUP BY service, error, unit, start_ns
        UNION ALL
        SELECT service, start_ns
        FROM span_tree
        WHERE
            $kind = 'dependency'
            AND kind = 'CLIENT'
            AND peer = $name
            AND is_error
        UNION ALL
        SELECT any_value(records.service), min(records.ts_ns)
        FROM log_record_templates AS records
        JOIN log_templates USING (template_id)
        JOIN logs USING (source_id, line, ordinal)
        WHERE
            $kind = 'template'
            AND template = $name
            AND records.service IS NOT DISTINCT FROM $service
            AND records.severity_number >= 17
            AND records.ts_ns >= $first_ts
            AND records.ts_ns < $last_ts
        GROUP BY coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal))
        UNION ALL
        SELECT NULL, min(start_ns)
        FROM requests
        JOIN request_identities USING (source_id, line, ordinal, origin)
        WHERE
            $kind = 'tenant'
            AND tenant = $name
            AND is_error
            AND NOT is_health
            AND start_ns >= $first_ts
            AND start_ns < $last_ts
        GROUP BY coalesce(trace_id, concat_ws(':', source_id, line, ordinal))
    ) AS events
    WHERE
        service IS NOT DISTINCT FROM $service
        AND start_ns >= $first_ts
        AND start_ns < $last_ts
"""
