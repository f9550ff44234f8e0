"""The statement that reads silence: what each service recorded, where it recorded nothing, its starts and its beats."""

from __future__ import annotations

# `part` is range (of the data), asked (what the answer is about), count (of a service, in a bucket), gap, caller, start
# (of an instance; `from_ns` is its last record before), or beat (one that did not come).
SILENCE = """
    WITH range AS MATERIALIZED (
        SELECT * FROM time_range($until_ns)
    ),
    events AS NOT MATERIALIZED (
        SELECT service, instance, ts_ns AS at_ns FROM logs
        UNION ALL
        SELECT service, instance, start_ns FROM spans
    ),
    seconds AS MATERIALIZED (
        SELECT
            'recorded'                                                  AS what,
            service                                                     AS service,
            at_ns // 1000000000                                         AS second,
            count(*)                                                    AS number,
            min(at_ns)                                                  AS low_ns,
            max(at_ns)                                                  AS high_ns
        FROM events
        CROSS JOIN range
        WHERE at_ns BETWEEN first_ns AND last_ns
        GROUP BY service, second
        UNION ALL
        SELECT
            'answered',
            service,
            start_ns // 1000000000                                      AS second,
            count(*),
            min(start_ns),
            max(start_ns)
        FROM requests
        CROSS JOIN range
        WHERE
            start_ns BETWEEN first_ns AND last_ns
            AND NOT is_health
        GROUP BY service, second
    ),
    gaps AS (
        SELECT
            what                                                        AS what,
            service                                                     AS service,
            high_ns                                                     AS from_ns,
            coalesce(lead(low_ns) OVER following, last_ns)              AS to_ns,
            lead(low_ns) OVER following IS NULL                         AS is_last
        FROM seconds
        CROSS JOIN range
        WINDOW following AS (PARTITION BY what, service ORDER BY second)
    ),
    starting AS (
        SELECT template_id
        FROM log_templates
        WHERE is_start(template)
    ),
    starts AS MATERIALIZED (
        SELECT
            logs.service                                                AS service,
            logs.instance                                               AS instance,
            logs.ts_ns                                                  AS at_ns
        FROM log_record_templates AS records
        SEMI JOIN starting USING (template_id)
        JOIN logs USING (source_id, line, ordinal)
        CROSS JOIN range
        WHERE logs.ts_ns BETWEEN first_ns AND last_ns
        -- What a start writes in some steps is one.
        WINDOW so_far AS (PARTITION BY logs.service, logs.instance ORDER BY logs.ts_ns)
        QUALIFY coalesce(logs.ts_ns - lag(logs.ts_ns) OVER so_far > 5000000000, true)
    ),
    alive AS MATERIALIZED (
        SELECT events.service, events.instance, at_ns
        FROM events
        SEMI JOIN starts
            ON events.service IS NOT DISTINCT FROM starts.service
            AND events.instance IS NOT DISTINCT FROM starts.instance
    ),
    restarts AS (
        SELECT
            starts.service                                              AS service,
            starts.instance                                             AS instance,
            max(alive.at_ns)                                            AS from_ns,
            starts.at_ns                                                AS to_ns
        FROM starts
        JOIN alive
            ON starts.service IS NOT DISTINCT FROM alive.service
            AND starts.instance IS NOT DISTINCT FROM alive.instance
            AND alive.at_ns < starts.at_ns
        GROUP BY starts.service, starts.instance, starts.at_ns
    ),
    -- What comes more often than every other second, or seldom, is no heartbeat.
    steady AS (
        SELECT
            service                                                     AS service,
            template_id                                                 AS template_id
        FROM log_record_templates
        CROSS JOIN range
        WHERE ts_ns BETWEEN first_ns AND last_ns
        GROUP BY service, template_id
        HAVING count(*) BETWEEN $min_beats AND any_value(last_ns - first_ns) / 2000000000
    ),
    beats AS (
        SELECT
            logs.service                                                AS service,
            logs.instance                                               AS instance,
            records.template_id                                         AS template_id,
            logs.ts_ns                                                  AS from_ns,
            lead(logs.ts_ns) OVER following                             AS next_ns
        FROM log_record_templates AS records
        JOIN steady
            ON records.service IS NOT DISTINCT FROM steady.service
            AND records.template_id = steady.template_id
        JOIN logs USING (source_id, line, ordinal)
        CROSS JOIN range
        WHERE logs.ts_ns BETWEEN first_ns AND last_ns
        WINDOW following AS (PARTITION BY logs.service, logs.instance, records.template_id ORDER BY logs.ts_ns)
    ),
    rhythms AS MATERIALIZED (
        SELECT
            service                                                     AS service,
            instance                                                    AS instance,
            template_id                                                 AS template_id,
            count(*)                                                    AS number,
            min(from_ns)                                                AS begun_ns,
            median(next_ns - from_ns)::BIGINT                           AS period_ns,
            mad(next_ns - from_ns)::BIGINT                              AS spread_ns,
            quantile_cont(next_ns - from_ns, 0.75) - quantile_cont(next_ns - from_ns, 0.25) AS middle_ns
        FROM beats
        GROUP BY service, instance, template_id
        HAVING
            number >= $min_beats
            AND period_ns >= 1000000000
            AND middle_ns < 0.3 * period_ns
    ),
    missing AS (
        SELECT
            beats.service                                               AS service,
            beats.instance                                              AS instance,
            template                                                    AS template,
            from_ns                                                     AS from_ns,
            coalesce(next_ns, last_ns)                                  AS to_ns,
            next_ns IS NULL                                             AS is_last,
            period_ns                                                   AS period_ns
        FROM beats
        JOIN rhythms
            ON beats.service IS NOT DISTINCT FROM rhythms.service
            AND beats.instance IS NOT DISTINCT FROM rhythms.instance
            AND beats.template_id = rhythms.template_id
        JOIN log_templates ON beats.template_id = log_templates.template_id
        CROSS JOIN range
        WHERE
            to_ns - from_ns >= greatest(3 * period_ns, period_ns + 5 * spread_ns)
            -- What a job writes while it runs ends with it: a beat has beaten for longer than it is missing.
            AND number * period_ns >= to_ns - from_ns
    ),
    callers AS MATERIALIZED (
        SELECT DISTINCT
            entries.service                                             AS service,
            upper.service                                               AS caller,
            upper.peer                                                  AS peer
        FROM span_tree AS entries
        JOIN span_tree AS upper ON entries.parent = upper.node
        WHERE
            entries.is_entry
            AND entries.service <> upper.service
    ),
    -- What a caller calls by one name, and is of one service: its calls are seen though nobody answers.
    names AS (
        SELECT service, caller, peer
        FROM callers
        WHERE peer IS NOT NULL
        QUALIFY count(*) OVER (PARTITION BY caller, peer) = 1
    ),
    called AS (
        SELECT
            names.service                                               AS service,
            (start_ns - first_ns) // width_ns                           AS bucket,
            count(*)                                                    AS number
        FROM span_tree
        JOIN names
            ON span_tree.service = names.caller
            AND span_tree.peer = names.peer
        CROSS JOIN range
        WHERE start_ns BETWEEN first_ns AND last_ns
        GROUP BY ALL
    )
    SELECT
        'range'                         AS part,
        NULL                            AS what,
        NULL                            AS service,
        NULL                            AS name,
        first_ns                        AS from_ns,
        last_ns                         AS to_ns,
        width_ns                        AS number,
        NULL                            AS is_last
    FROM range
    UNION ALL
    SELECT 'asked', NULL, $service::VARCHAR, NULL, $since_ns, $until_ns, NULL, NULL
    UNION ALL
    SELECT
        'count', what, service, NULL, (second * 1000000000 - first_ns) // width_ns, NULL, sum(number)::BIGINT, NULL
    FROM seconds
    CROSS JOIN range
    GROUP BY ALL
    UNION ALL
    SELECT 'count', 'called', service, NULL, bucket, NULL, number, NULL
    FROM called
    UNION ALL
    SELECT 'gap', what, service, NULL, from_ns, to_ns, NULL, is_last
    FROM gaps
    WHERE to_ns - from_ns >= $min_silent_ms * 1000000
    UNION ALL
    SELECT 'start', NULL, service, instance, from_ns, to_ns, NULL, NULL
    FROM restarts
    UNION ALL
    SELECT 'beat', template, service, instance, from_ns, to_ns, period_ns, is_last
    FROM missing
    UNION ALL
    SELECT DISTINCT 'caller', NULL, service, caller, NULL, NULL, NULL, NULL
    FROM callers
    ORDER BY
        part,
        what,
        service NULLS FIRST,
        name NULLS FIRST,
        from_ns
"""

# How long one silence is, by the last sign before and the first after.
MEASURE_AGAIN = """
    SELECT
        if($restarts > 1, $silent_ms, (coalesce(min(at_ns) FILTER (WHERE at_ns >= $last_ts), $last_ts)
        - max(at_ns) FILTER (WHERE at_ns <= $first_ts)) / 1000000) AS silent_ms
    FROM (
        SELECT service, instance, ts_ns AS at_ns
        FROM logs
        WHERE $kind IN ('stopped', 'restart')
        UNION ALL
        SELECT service, instance, start_ns
        FROM spans
        WHERE $kind IN ('stopped', 'restart')
        UNION ALL
        SELECT service, NULL, start_ns
        FROM requests
        WHERE
            $kind = 'no traffic'
            AND NOT is_health
        UNION ALL
        SELECT logs.service, logs.instance, logs.ts_ns
        FROM log_record_templates AS records
        JOIN log_templates USING (template_id)
        JOIN logs USING (source_id, line, ordinal)
        WHERE
            $kind = 'heartbeat missing'
            AND template = $name
    ) AS signs
    WHERE
        service IS NOT DISTINCT FROM $service
        AND ($instance IS NULL OR instance = $instance)
"""
