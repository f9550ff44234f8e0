CREATE OR REPLACE TEMP VIEW entry_spans AS
SELECT * FROM spans WHERE is_entry;

CREATE OR REPLACE TEMP VIEW access_records AS
SELECT
    *
FROM logs
WHERE
    status_code IS NOT NULL
    AND duration_ns IS NOT NULL;

-- Access records without a trace id cannot be paired with spans, so their service shows one signal as a whole.
CREATE OR REPLACE TEMP VIEW request_signals AS
WITH untraced AS (
    -- By itself: where every record has a trace id, the statistics of the column tell.
    SELECT
        service              AS service,
        count(*)             AS untraced
    FROM access_records
    WHERE trace_id IS NULL
    GROUP BY service
),
records AS (
    SELECT
        access_records.service AS service,
        count(*)             AS access_records,
        any_value(untraced)  AS untraced
    FROM access_records
    JOIN untraced ON access_records.service IS NOT DISTINCT FROM untraced.service
    GROUP BY access_records.service
),
entries AS (
    SELECT
        entry_spans.service AS service,
        count(*)            AS entry_spans
    FROM entry_spans
    SEMI JOIN records ON entry_spans.service IS NOT DISTINCT FROM records.service
    GROUP BY entry_spans.service
)
SELECT
    records.service                              AS service,
    coalesce(entries.entry_spans, 0)             AS entry_spans,
    records.access_records                       AS access_records,
    records.untraced                             AS untraced,
    CASE
        WHEN coalesce(entries.entry_spans, 0) >= records.access_records THEN 'span'
        ELSE 'log'
    END                                          AS origin
FROM records
LEFT JOIN entries ON records.service IS NOT DISTINCT FROM entries.service;

CREATE OR REPLACE TEMP VIEW requests AS
SELECT
    'span'                                                       AS origin,
    spans.service                                                AS service,
    spans.instance                                               AS instance,
    coalesce(spans.route, spans.name)                            AS route,
    spans.http_method                                            AS http_method,
    spans.name                                                   AS name,
    spans.start_ns                                               AS start_ns,
    spans.duration_ns                                            AS duration_ns,
    spans.status_code                                            AS status_code,
    coalesce(spans.status_code >= 500, false) OR spans.status = 'ERROR' AS is_error,
    spans.trace_id                                               AS trace_id,
    spans.span_id                                                AS span_id,
    spans.user_id                                                AS user_id,
    NULL::VARCHAR                                                AS request_id,
    is_health_route(spans.route) OR (spans.route IS NULL AND is_health_route(spans.name)) AS is_health,
    spans.source_id                                              AS source_id,
    spans.line                                                   AS line,
    spans.ordinal                                                AS ordinal
FROM entry_spans AS spans
ANTI JOIN (SELECT service FROM request_signals WHERE origin = 'log') AS from_logs
    ON spans.service IS NOT DISTINCT FROM from_logs.service
UNION ALL
SELECT
    'log'                                                        AS origin,
    records.service                                              AS service,
    records.instance                                             AS instance,
    records.route                                                AS route,
    records.http_method                                          AS http_method,
    records.message                                              AS name,
    try(records.ts_ns - greatest(records.duration_ns, 0))        AS start_ns,
    records.duration_ns                                          AS duration_ns,
    records.status_code                                          AS status_code,
    records.status_code >= 500                                   AS is_error,
    records.trace_id                                             AS trace_id,
    records.span_id                                              AS span_id,
    records.user_id                                              AS user_id,
    records.request_id                                           AS request_id,
    is_health_route(records.route)                               AS is_health,
    records.source_id                                            AS source_id,
    records.line                                                 AS line,
    records.ordinal                                              AS ordinal
FROM access_records AS records
ANTI JOIN (SELECT service FROM request_signals WHERE origin = 'span') AS from_spans
    ON records.service IS NOT DISTINCT FROM from_spans.service
ANTI JOIN entry_spans
    ON records.trace_id = entry_spans.trace_id
    AND records.service IS NOT DISTINCT FROM entry_spans.service;

COMMENT ON VIEW requests IS 'One request a service answered: an entry span, or an access record that no such span stands for.';
COMMENT ON COLUMN requests.origin IS 'span or log.';
COMMENT ON COLUMN requests.service IS 'Service that answered.';
COMMENT ON COLUMN requests.instance IS 'Instance of the service.';
COMMENT ON COLUMN requests.route IS 'Route template; the span name where there is none.';
COMMENT ON COLUMN requests.http_method IS 'HTTP request method.';
COMMENT ON COLUMN requests.name IS 'Span name, or message of the record.';
COMMENT ON COLUMN requests.start_ns IS 'Start; a record is taken to be written at the end: its time less its duration.';
COMMENT ON COLUMN requests.duration_ns IS 'Duration in nanoseconds; negative where the record says so.';
COMMENT ON COLUMN requests.status_code IS 'HTTP response status code.';
COMMENT ON COLUMN requests.is_error IS 'Whether the status code is 500 or above, or the span status ERROR.';
COMMENT ON COLUMN requests.trace_id IS 'Trace id, lower-case hex.';
COMMENT ON COLUMN requests.span_id IS 'Span id, lower-case hex.';
COMMENT ON COLUMN requests.user_id IS 'User id.';
COMMENT ON COLUMN requests.request_id IS 'Request or correlation id of the record.';
COMMENT ON COLUMN requests.is_health IS 'Whether the route is that of a health check.';
COMMENT ON COLUMN requests.source_id IS 'Source it came from.';
COMMENT ON COLUMN requests.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN requests.ordinal IS 'Position among the records that start on the same line, from 0.';
