-- What an error message says whatever it is about: its first line, with ids, numbers and values of JSON left out.
CREATE OR REPLACE TEMP MACRO message_shape(message) AS (
    left(regexp_replace(
        regexp_replace(first_line(message), '":\s*"(?:[^"\\]|\\.)*"?', '":"…"', 'g'),
        '\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{13,}\b|\b0x[0-9a-fA-F]+\b|\b(?:[0-9]+[a-fA-F]|[a-fA-F]+[0-9])[0-9a-fA-F]{6,}\b|\d+(?:[.:,]\d+)*',
        '#',
        'g'
    ), 160)
);
-- The exception a stack trace of Python ends with, as a struct: its type, and what it says; null without a trace.
CREATE OR REPLACE TEMP MACRO raised(message) AS (
    if(contains(message, 'Traceback (most recent call last):'), regexp_extract(
        message,
        'Traceback \(most recent call last\):.*\n[ \t]+[^\n]*\n([A-Za-z_][\w.]*)(?:: ?([^\n]*))?(?:\n|$)',
        ['type', 'said'],
        's'
    ), NULL)
);
-- Types that say no more than that something went wrong.
CREATE OR REPLACE TEMP MACRO is_vague_error(error_type) AS (
    regexp_full_match(error_type, '(?i)(?:.*[./$])?(?:error|exception|runtime(?:error|exception)|throwable|errorString|fundamental|wrapError|withStack|_?other|unknown|\d+)')
);
-- One error of one span, where it began: no child of it failed. What happened to it above is its outcome: failed, where
-- it reached the request nobody had called; retried, where the call succeeded later; else swallowed.
CREATE OR REPLACE TEMP VIEW span_errors AS
WITH RECURSIVE failed AS MATERIALIZED (
    SELECT
        node, parent, root, invocation, depth, trace_id, service, operation, kind, is_entry, is_async, begin_ns, finish_ns,
        start_ns, source_id, line, ordinal,
        coalesce(shape_id, hash(operation, peer))                       AS called_id
    FROM span_tree
    WHERE is_error
),
climb(origin, top) AS (
    SELECT node, node
    FROM failed
    ANTI JOIN failed AS inner_errors ON failed.node = inner_errors.parent
    UNION ALL
    SELECT climb.origin, upper.node
    FROM climb
    JOIN failed ON climb.top = failed.node
    JOIN failed AS upper ON failed.parent = upper.node
),
tops AS MATERIALIZED (
    SELECT
        origin                                                          AS origin,
        arg_min(top, depth)                                             AS top,
        count(DISTINCT service)                                         AS services
    FROM climb
    JOIN failed ON climb.top = failed.node
    GROUP BY origin
),
-- The call that failed, as its caller has it.
failed_calls AS MATERIALIZED (
    SELECT
        tops.origin                                                     AS origin,
        tops.services                                                   AS services,
        failed.parent IS NULL OR failed.is_async OR failed.kind = 'CONSUMER' AS is_final,
        coalesce(callers.invocation, failed.invocation)                 AS invocation,
        if(failed.is_entry AND callers.node IS NOT NULL, coalesce(callers.shape_id, hash(callers.operation, callers.peer)), failed.called_id) AS called_id,
        failed.finish_ns                                                AS finish_ns
    FROM tops
    JOIN failed ON tops.top = failed.node
    LEFT JOIN span_tree AS callers ON failed.parent = callers.node
),
retried AS (
    SELECT DISTINCT
        origin                                                          AS origin
    FROM failed_calls
    JOIN span_tree AS later
        ON failed_calls.invocation = later.invocation
        AND failed_calls.called_id = coalesce(later.shape_id, hash(later.operation, later.peer))
        AND later.begin_ns >= failed_calls.finish_ns
    WHERE
        NOT is_final
        AND NOT later.is_error
)
SELECT
    'span'                                                              AS told_by,
    failed.trace_id                                                     AS unit,
    failed.trace_id                                                     AS trace_id,
    failed.service                                                      AS service,
    entries.operation                                                   AS route,
    if(failed.is_entry, NULL, failed.operation)                         AS operation,
    roots.service                                                       AS seen_service,
    roots.operation                                                     AS seen_route,
    coalesce(spans.error_type, nullif(regexp_extract(spans.events, '"exception\.type"[^"]*(?:"stringValue")?[^"]*"([^"]+)"', 1), '')) AS error_type,
    spans.status_message                                                AS message,
    coalesce(spans.status_code, entry_spans.status_code)                AS status_code,
    if(regexp_matches(spans.attributes, 'sqlstate|db\.response\.status_code|grpc\.status_code|pgcode'), coalesce(
        json_extract_string(spans.attributes, '$."db.response.status_code"'),
        json_extract_string(spans.attributes, '$."db.postgresql.sqlstate"'),
        json_extract_string(spans.attributes, '$."sqlstate"'),
        json_extract_string(spans.attributes, '$."pgcode"'),
        json_extract_string(spans.attributes, '$."rpc.grpc.status_code"')
    ), NULL)                                                            AS code,
    CASE
        WHEN failed_calls.is_final THEN 'failed'
        WHEN retried.origin IS NOT NULL THEN 'retried'
        ELSE 'swallowed'
    END                                                                 AS outcome,
    failed_calls.services                                               AS services,
    coalesce(spans.user_id, entry_spans.user_id, root_spans.user_id)    AS user_id,
    0                                                                   AS lines,
    failed.start_ns                                                     AS start_ns,
    failed.source_id                                                    AS source_id,
    failed.line                                                         AS line,
    failed.ordinal                                                      AS ordinal
FROM failed_calls
JOIN failed ON failed_calls.origin = failed.node
JOIN span_tree AS entries ON failed.invocation = entries.node
JOIN span_tree AS roots ON failed.root = roots.node
JOIN spans
    ON failed.source_id = spans.source_id
    AND failed.line = spans.line
    AND failed.ordinal = spans.ordinal
JOIN spans AS entry_spans
    ON entries.source_id = entry_spans.source_id
    AND entries.line = entry_spans.line
    AND entries.ordinal = entry_spans.ordinal
JOIN spans AS root_spans
    ON roots.source_id = root_spans.source_id
    AND roots.line = root_spans.line
    AND roots.ordinal = root_spans.ordinal
LEFT JOIN retried ON failed_calls.origin = retried.origin;

-- The error lines of requests: all that share a trace or request id in one service are one error, told by the first
-- line that names an exception, or else the first.
CREATE OR REPLACE TEMP VIEW log_errors AS
WITH found AS (
    -- Three plain conditions instead of one with OR: each is looked up before any other column is read.
    SELECT * FROM logs WHERE severity_number >= 17
    UNION ALL
    SELECT * FROM logs WHERE error_type IS NOT NULL AND coalesce(severity_number, 0) < 17
    UNION ALL
    SELECT *
    FROM logs
    WHERE
        status_code >= 500
        AND duration_ns IS NOT NULL
        AND error_type IS NULL
        AND coalesce(severity_number, 0) < 17
),
lines AS MATERIALIZED (
    SELECT
        *,
        coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal)) AS unit,
        regexp_matches(coalesce(error_message, message), '^[\w.$]+(?:Error|Exception|Panic)\b|^Traceback ') AS is_exception,
        -- What an access log says of a request says nothing of why.
        error_type IS NULL AND status_code IS NOT NULL AND duration_ns IS NOT NULL AS is_access
    FROM found
),
grouped AS MATERIALIZED (
    SELECT
        unit                                                            AS unit,
        service                                                         AS service,
        count(*)                                                        AS lines,
        min(trace_id)                                                   AS trace_id,
        max(route)                                                      AS route,
        max(status_code)                                                AS status_code,
        max(user_id)                                                    AS user_id,
        arg_min(
            {
                'source_id': source_id, 'line': line, 'ordinal': ordinal, 'error_type': error_type,
                'message': coalesce(error_message, message), 'start_ns': ts_ns, 'attributes': attributes
            },
            (error_type IS NULL, NOT is_exception, is_access, coalesce(ts_ns, 9223372036854775807), source_id, line, ordinal)
        )                                                               AS told
    FROM lines
    GROUP BY unit, service
),
units AS MATERIALIZED (
    SELECT
        *,
        raised(told.message)                                            AS fault
    FROM grouped
),
answers AS MATERIALIZED (
    SELECT
        unit                                                            AS unit,
        arg_max({'is_error': is_error, 'route': route, 'service': service, 'user_id': user_id}, coalesce(duration_ns, -1)) AS answer
    FROM (
        SELECT coalesce(trace_id, request_id) AS unit, is_error, route, service, user_id, duration_ns
        FROM requests
        WHERE coalesce(trace_id, request_id) IS NOT NULL
    ) AS answered
    SEMI JOIN units USING (unit)
    GROUP BY unit
)
SELECT
    'log'                                                               AS told_by,
    units.unit                                                          AS unit,
    units.trace_id                                                      AS trace_id,
    units.service                                                       AS service,
    coalesce(units.route, if(answer.service IS NOT DISTINCT FROM units.service, answer.route, NULL)) AS route,
    NULL                                                                AS operation,
    answer.service                                                      AS seen_service,
    answer.route                                                        AS seen_route,
    coalesce(told.error_type, nullif(fault.type, ''))                   AS error_type,
    -- Where it is the trace itself, what the exception says.
    if(starts_with(trim(told.message), 'Traceback '), coalesce(nullif(fault.said, ''), nullif(fault.type, ''), told.message), told.message) AS message,
    nullif(log_templates.template, '(no message)')                      AS template,
    units.status_code                                                   AS status_code,
    if(regexp_matches(told.attributes, 'sqlstate|postgresql\.sql_state|pgcode|grpc\.status_code|db\.response\.status_code'), coalesce(
        json_extract_string(told.attributes, '$."db.response.status_code"'),
        json_extract_string(told.attributes, '$."sqlstate"'),
        json_extract_string(told.attributes, '$."pgcode"'),
        json_extract_string(told.attributes, '$."rpc.grpc.status_code"')
    ), NULL)                                                            AS code,
    CASE
        WHEN answer.is_error OR units.status_code >= 500 THEN 'failed'
        WHEN NOT answer.is_error THEN 'swallowed'
        ELSE 'unknown'
    END                                                                 AS outcome,
    1                                                                   AS services,
    coalesce(units.user_id, answer.user_id)                             AS user_id,
    units.lines                                                         AS lines,
    told.start_ns                                                       AS start_ns,
    told.source_id                                                      AS source_id,
    told.line                                                           AS line,
    told.ordinal                                                        AS ordinal
FROM units
LEFT JOIN answers USING (unit)
LEFT JOIN log_record_templates AS templated
    ON told.source_id = templated.source_id
    AND told.line = templated.line
    AND told.ordinal = templated.ordinal
LEFT JOIN log_templates USING (template_id);

-- One row a request and what went wrong in it: of a trace where the error began, and of log records what no span of
-- their service tells.
CREATE OR REPLACE TEMP VIEW error_events AS
WITH of_spans AS MATERIALIZED (
    SELECT * FROM span_errors
),
of_logs AS MATERIALIZED (
    SELECT * FROM log_errors
),
told AS (
    SELECT
        named.* REPLACE (
            coalesce(logged.lines, 0) AS lines,
            -- A span that names no exception says less than the record of it.
            if(is_unnamed AND logged.error_type IS NOT NULL, logged.error_type, named.error_type) AS error_type,
            if(is_unnamed AND logged.message IS NOT NULL, logged.message, named.message) AS message
        ),
        if(is_unnamed AND logged.message IS NOT NULL, logged.template, NULL) AS template
    FROM (
        SELECT *, coalesce(is_vague_error(error_type), true) AS is_unnamed FROM of_spans
    ) AS named
    LEFT JOIN of_logs AS logged
        ON named.trace_id = logged.trace_id
        AND named.service IS NOT DISTINCT FROM logged.service
    UNION ALL BY NAME
    SELECT
        of_logs.*
    FROM of_logs
    ANTI JOIN of_spans
        ON of_logs.trace_id = of_spans.trace_id
        AND of_logs.service IS NOT DISTINCT FROM of_spans.service
)
SELECT
    *,
    left(md5(to_json([service, route, operation, error, status_code::VARCHAR, code])::VARCHAR), 12) AS error_id,
    -- The same error in whatever route of its service.
    left(md5(to_json([service, error])::VARCHAR), 12)                   AS service_error_id
FROM (
    SELECT
        * EXCLUDE (is_unnamed, template),
        coalesce(
            if(is_vague_error(error_type), NULL, error_type),
            left(template, 160),
            message_shape(message),
            error_type,
            'status ' || status_code,
            'no error is named'
        )                                                               AS error
    FROM told
) AS named;
