"""The statement that looks into bursts: where their errors began, and what is known of each request."""

from __future__ import annotations

from loglens.bursts.markers import MARKERS

# One row a burst and error (`began`), a burst and what changed near its onset (`change`), a burst and request
# (`member`), and a request and attribute (`attribute`). Of the requests of a burst so many of each side are read,
# always the same ones.
EVIDENCE = f"""
    WITH bursts AS (
        SELECT
            *
        FROM (
            SELECT
                unnest($burst_number::BIGINT[])    AS burst,
                unnest($burst_kind::VARCHAR[])      AS kind,
                unnest($burst_service::VARCHAR[])   AS service,
                unnest($burst_route::VARCHAR[])     AS route,
                unnest($burst_name::VARCHAR[])      AS name,
                unnest($burst_first::BIGINT[])      AS first_ns,
                unnest($burst_end::BIGINT[])        AS end_ns,
                unnest($onset_low::BIGINT[])        AS low_ns,
                unnest($onset_high::BIGINT[])       AS high_ns
        ) AS found
        WHERE end_ns > $since_ns
    ),
    span AS (
        SELECT min(first_ns) AS first_ns, max(end_ns) AS end_ns FROM bursts
    ),
    answered AS MATERIALIZED (
        SELECT
            *,
            coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal)) AS unit
        FROM requests
        WHERE
            start_ns >= (SELECT first_ns FROM span)
            AND start_ns < (SELECT end_ns FROM span)
            AND NOT is_health
    ),
    failures AS MATERIALIZED (
        SELECT * FROM error_events WHERE EXISTS (FROM bursts)
    ),
    written AS (
        SELECT
            burst,
            coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal)) AS unit,
            trace_id,
            records.ts_ns,
            source_id,
            line,
            ordinal
        FROM log_record_templates AS records
        JOIN log_templates USING (template_id)
        JOIN logs USING (source_id, line, ordinal)
        JOIN bursts
            ON records.service IS NOT DISTINCT FROM bursts.service
            AND template = bursts.name
            AND records.ts_ns >= bursts.first_ns
            AND records.ts_ns < bursts.end_ns
        WHERE
            bursts.kind = 'template'
            AND records.severity_number >= 17
    ),
    members AS MATERIALIZED (
        SELECT burst, is_error AS is_tail, unit, trace_id, answered.start_ns, origin, source_id, line, ordinal
        FROM answered
        JOIN bursts
            ON answered.service IS NOT DISTINCT FROM bursts.service
            AND answered.start_ns >= bursts.first_ns
            AND answered.start_ns < bursts.end_ns
        WHERE
            kind = 'service'
            OR (kind = 'route' AND answered.route = bursts.route)
        UNION ALL
        SELECT burst, true, unit, trace_id, failures.start_ns, told_by, source_id, line, ordinal
        FROM failures
        JOIN bursts
            ON failures.service IS NOT DISTINCT FROM bursts.service
            AND failures.start_ns >= bursts.first_ns
            AND failures.start_ns < bursts.end_ns
        LEFT JOIN (SELECT DISTINCT coalesce(service, '') AS service FROM requests) AS answering
            ON answering.service = coalesce(failures.service, '')
        WHERE
            outcome <> 'retried'
            AND (
                (kind = 'error' AND failures.error = bursts.name)
                OR (kind = 'service' AND answering.service IS NULL)
            )
        UNION ALL
        SELECT burst, false, unit, trace_id, answered.start_ns, origin, source_id, line, ordinal
        FROM answered
        JOIN bursts
            ON answered.service IS NOT DISTINCT FROM bursts.service
            AND answered.start_ns >= bursts.first_ns
            AND answered.start_ns < bursts.end_ns
        WHERE
            kind IN ('error', 'template')
            AND NOT is_error
        UNION ALL
        SELECT burst, is_error, trace_id, trace_id, start_ns, 'span', source_id, line, ordinal
        FROM span_tree
        JOIN bursts
            ON span_tree.service IS NOT DISTINCT FROM bursts.service
            AND span_tree.peer = bursts.name
            AND span_tree.start_ns >= bursts.first_ns
            AND span_tree.start_ns < bursts.end_ns
        WHERE
            bursts.kind = 'dependency'
            AND span_tree.kind = 'CLIENT'
        UNION ALL
        SELECT burst, true, unit, trace_id, ts_ns, 'log', source_id, line, ordinal
        FROM written
        QUALIFY row_number() OVER (PARTITION BY burst, unit ORDER BY ts_ns, source_id, line, ordinal) = 1
        UNION ALL
        SELECT burst, is_error, unit, trace_id, answered.start_ns, origin, source_id, line, ordinal
        FROM answered
        JOIN request_identities USING (source_id, line, ordinal, origin)
        JOIN bursts
            ON request_identities.tenant = bursts.name
            AND answered.start_ns >= bursts.first_ns
            AND answered.start_ns < bursts.end_ns
        WHERE
            bursts.kind = 'tenant'
    ),
    firsts AS (
        SELECT service, error, min(start_ns) AS first_ns FROM failures GROUP BY service, error
    ),
    began AS (
        SELECT
            burst                                                       AS burst,
            failures.service                                            AS service,
            failures.route                                              AS route,
            failures.operation                                          AS operation,
            failures.error                                              AS error,
            count(DISTINCT members.unit)                                AS number,
            count(DISTINCT members.unit) FILTER (WHERE outcome = 'retried') AS retried,
            count(DISTINCT members.unit) FILTER (WHERE outcome IN ('failed', 'unknown')) AS failed
        FROM members
        JOIN failures USING (unit)
        WHERE is_tail
        GROUP BY ALL
    ),
{MARKERS},
    sampled AS MATERIALIZED (
        SELECT
            *,
            row_number() OVER (PARTITION BY burst ORDER BY is_tail, start_ns, source_id, line, ordinal) - 1 AS request
        FROM (
            SELECT *
            FROM members
            QUALIFY
                row_number() OVER (PARTITION BY burst, is_tail ORDER BY hash(source_id, line, ordinal)) <= $most_members
        ) AS chosen
    ),
    own AS MATERIALIZED (
        SELECT
            burst                                                                           AS burst,
            request                                                                         AS request,
            ['instance', 'service', 'route'] || coalesce(json_keys(spans.attributes), [])   AS names,
            [spans.instance, service, coalesce(route, spans.name)]
            || coalesce(json_extract_string(spans.attributes, '$.*'), [])                   AS texts,
            spans.resource                                                                  AS resource
        FROM sampled
        JOIN spans USING (source_id, line, ordinal)
        WHERE origin = 'span'
        UNION ALL
        SELECT
            burst,
            request,
            ['instance', 'service', 'route', 'http.request.method', 'user.id', 'logger']
            || coalesce(json_keys(logs.attributes), []),
            [logs.instance, service, route, logs.http_method, logs.user_id, logger]
            || coalesce(json_extract_string(logs.attributes, '$.*'), []),
            logs.resource
        FROM sampled
        JOIN logs USING (source_id, line, ordinal)
        WHERE origin = 'log'
    ),
    attributes AS (
        SELECT burst, request, unnest(names) AS name, unnest(texts) AS value
        FROM own
        UNION ALL
        SELECT
            burst,
            request,
            'resource ' || unnest(json_keys(resource)),
            unnest(json_extract_string(resource, '$.*'))
        FROM own
    )
    SELECT
        'began'                             AS part,
        burst                               AS burst,
        NULL                                AS request,
        NULL                                AS is_tail,
        began.service                       AS service,
        route                               AS name,
        operation                           AS operation,
        began.error                         AS value,
        number                              AS count,
        retried                             AS retried,
        failed                              AS failed,
        firsts.first_ns                     AS at_ns
    FROM began
    JOIN firsts
        ON began.service IS NOT DISTINCT FROM firsts.service
        AND began.error = firsts.error
    UNION ALL
    SELECT 'change', burst, NULL, NULL, service, what, NULL, text, NULL, NULL, NULL, at_ns
    FROM related
    UNION ALL
    SELECT 'member', burst, request, is_tail, NULL, trace_id, NULL, NULL, NULL, NULL, NULL, start_ns
    FROM sampled
    UNION ALL
    SELECT 'attribute', burst, request, NULL, NULL, name, NULL, value, NULL, NULL, NULL, NULL
    FROM attributes
    WHERE value IS NOT NULL
    ORDER BY
        part,
        burst,
        request,
        service,
        name,
        operation,
        value
"""  # noqa: S608
