"""The statements of `volume`: what is counted, and what is looked up of each burst."""

from __future__ import annotations

# One row a template, level or service with records enough, and a service that answered requests, with its counts by
# bucket; first the row of the time they lie in, whose `kind` is null. The name of a template is its id.
COUNTS = """
    WITH range AS MATERIALIZED (
        SELECT * FROM time_range($until_ns)
    ),
    written AS MATERIALIZED (
        SELECT
            service                                             AS service,
            severity_number                                     AS severity_number,
            template_id                                         AS template_id,
            (ts_ns - first_ns) // width_ns                      AS bucket,
            count(*)                                            AS records
        FROM log_record_templates
        CROSS JOIN range
        WHERE
            ts_ns BETWEEN first_ns AND last_ns
            AND ($service IS NULL OR service = $service)
        GROUP BY ALL
    ),
    counted AS (
        SELECT
            'template'                                          AS kind,
            service                                             AS service,
            hex_id(template_id)                                 AS name,
            bucket                                              AS bucket,
            sum(records)                                        AS records
        FROM written
        GROUP BY service, template_id, bucket
        UNION ALL
        SELECT 'level', service, level_name(severity_number), bucket, sum(records)
        FROM written
        WHERE level_name(severity_number) IS NOT NULL
        GROUP BY service, level_name(severity_number), bucket
        UNION ALL
        SELECT 'service', service, NULL, bucket, sum(records)
        FROM written
        GROUP BY service, bucket
    ),
    keys AS MATERIALIZED (
        SELECT
            kind                                                AS kind,
            service                                             AS service,
            name                                                AS name,
            sum(records)                                        AS whole,
            list(point_of_series(bucket, 0, records) ORDER BY bucket) AS points
        FROM counted
        GROUP BY kind, service, name
    ),
    answered AS (
        SELECT
            service                                             AS service,
            (start_ns - first_ns) // width_ns                   AS bucket,
            count(*)                                            AS traffic
        FROM requests
        CROSS JOIN range
        WHERE
            start_ns BETWEEN first_ns AND last_ns
            AND NOT is_health
            AND ($service IS NULL OR service = $service)
        GROUP BY service, bucket
    )
    SELECT
        NULL                                                    AS kind,
        NULL                                                    AS service,
        NULL                                                    AS route,
        NULL                                                    AS name,
        NULL                                                    AS is_asked,
        (SELECT count(*) FROM keys WHERE whole < $min_excess)   AS seldom,
        [point_of_series(width_ns, first_ns, last_ns)] AS points
    FROM range
    UNION ALL
    SELECT kind, service, NULL, name, NULL, NULL, points
    FROM keys
    WHERE whole >= $min_excess
    UNION ALL
    SELECT
        'answered',
        service,
        NULL,
        NULL,
        true,
        NULL,
        list(point_of_series(bucket, traffic, 0) ORDER BY bucket)
    FROM answered
    GROUP BY service
    ORDER BY
        kind NULLS FIRST,
        service NULLS FIRST,
        route NULLS FIRST,
        name NULLS FIRST
"""

# What each burst is of: one row a burst, with its commonest template.
LOOK_UP = """
    WITH bursts AS (
        SELECT
            unnest($burst_number::INTEGER[])                    AS burst,
            unnest($burst_kind::VARCHAR[])                      AS kind,
            unnest($burst_service::VARCHAR[])                   AS service,
            unnest($burst_name::VARCHAR[])                      AS name,
            unnest($burst_first::BIGINT[])                      AS first_ns,
            unnest($burst_end::BIGINT[])                        AS end_ns
    ),
    time AS (
        SELECT min(first_ns) AS first_ns, max(end_ns) AS end_ns FROM bursts WHERE end_ns > $since_ns
    ),
    written AS MATERIALIZED (
        SELECT
            records.*
        FROM log_record_templates AS records
        JOIN time ON records.ts_ns >= time.first_ns AND records.ts_ns < time.end_ns
    ),
    inside AS (
        SELECT
            burst                                               AS burst,
            template_id                                         AS template_id,
            kind = 'service'
            OR (kind = 'level' AND level_name(severity_number) = name)
            OR (kind = 'template' AND hex_id(template_id) = name) AS is_of,
            count(*)                                            AS records,
            max(severity_number)                                AS severity_number,
            max((ts_ns, written.source_id, line, ordinal))      AS place
        FROM bursts
        JOIN written
            ON written.service IS NOT DISTINCT FROM bursts.service
            AND written.ts_ns >= bursts.first_ns
            AND written.ts_ns < bursts.end_ns
        GROUP BY ALL
    ),
    wholes AS (
        SELECT burst, sum(records)::BIGINT AS records FROM inside GROUP BY burst
    ),
    most AS (
        SELECT *
        FROM inside
        WHERE is_of
        QUALIFY row_number() OVER (PARTITION BY burst ORDER BY records DESC, template_id) = 1
    ),
    firsts AS (
        SELECT
            records.service                                     AS service,
            records.template_id                                 AS template_id,
            min(records.ts_ns)                                  AS first_ns
        FROM log_record_templates AS records
        SEMI JOIN most USING (template_id)
        GROUP BY records.service, records.template_id
    )
    SELECT
        bursts.burst                                            AS burst,
        hex_id(most.template_id)                                AS template_id,
        log_templates.template                                  AS template,
        level_name(most.severity_number)                        AS level,
        most.records                                            AS records,
        wholes.records                                          AS whole,
        firsts.first_ns                                         AS first_ns,
        first_line(logs.message)                                AS example,
        logs.trace_id                                           AS exemplar_trace_id
    FROM bursts
    JOIN most USING (burst)
    JOIN wholes USING (burst)
    JOIN log_templates ON most.template_id = log_templates.template_id
    LEFT JOIN firsts
        ON bursts.service IS NOT DISTINCT FROM firsts.service
        AND most.template_id = firsts.template_id
    LEFT JOIN logs
        ON most.place[2] = logs.source_id
        AND most.place[3] = logs.line
        AND most.place[4] = logs.ordinal
    ORDER BY burst
"""

# The records of one burst, counted anew.
COUNT_AGAIN = """
    SELECT
        count(*) AS records
    FROM log_record_templates
    WHERE
        service IS NOT DISTINCT FROM $service
        AND ($kind <> 'template' OR hex_id(template_id) = $template_id)
        AND ($kind <> 'level' OR level_name(severity_number) = $level)
        AND ts_ns >= $first_ts
        AND ts_ns < $last_ts
"""
