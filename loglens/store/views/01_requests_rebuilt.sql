-- Where there are no spans at all: requests of services that write no access records, from the log records that share a
-- trace or request id, if none of those is an access record. An id of a day, of 100,000 records, or of one alone is
-- none of a request. They took at least from the first record to the last; a record is taken to be written at the end of
-- what it tells the duration of.
CREATE OR REPLACE TEMP VIEW rebuilt_requests AS
WITH answering AS MATERIALIZED (
    SELECT DISTINCT service, true AS answers FROM logs WHERE status_code IS NOT NULL AND duration_ns IS NOT NULL
),
-- Most ids are told to be none of such a request by what is quickly found; where each service answers, all are.
candidates AS NOT MATERIALIZED (
    SELECT
        coalesce(trace_id, request_id)                           AS id
    FROM logs
    LEFT JOIN answering
        ON logs.service IS NOT DISTINCT FROM answering.service
    WHERE
        (SELECT count(*) FROM (FROM spans LIMIT 1)) = 0
        AND (SELECT count(*) FROM (SELECT DISTINCT service FROM logs EXCEPT SELECT service FROM answering)) > 0
        AND ts_ns IS NOT NULL
        AND coalesce(trace_id, request_id) IS NOT NULL
    GROUP BY coalesce(trace_id, request_id)
    HAVING
        count(*) BETWEEN 2 AND 100000
        AND bool_or(answers IS NULL)
        AND NOT bool_or(status_code IS NOT NULL AND duration_ns IS NOT NULL)
),
parts AS NOT MATERIALIZED (
    SELECT
        coalesce(trace_id, request_id)                           AS id,
        service                                                  AS service,
        min(trace_id)                                            AS trace_id,
        min(request_id)                                          AS request_id,
        min(user_id)                                             AS user_id,
        min(coalesce(try(ts_ns - greatest(duration_ns, 0)), ts_ns)) AS first_ns,
        max(ts_ns)                                               AS last_ns,
        count(*)                                                 AS records,
        min({'ts_ns': ts_ns, 'source_id': source_id, 'line': line, 'ordinal': ordinal, 'instance': instance, 'message': message}) AS first,
        arg_min(route, (ts_ns, source_id, line, ordinal)) FILTER (route IS NOT NULL) AS route,
        arg_min(http_method, (ts_ns, source_id, line, ordinal)) FILTER (http_method IS NOT NULL) AS http_method,
        arg_max(status_code, (ts_ns, source_id, line, ordinal)) FILTER (status_code IS NOT NULL) AS status_code,
        bool_or(coalesce(severity_number >= 17 OR status_code >= 500, false)) AS is_error
    FROM logs
    SEMI JOIN candidates
        ON coalesce(logs.trace_id, logs.request_id) = candidates.id
    WHERE
        ts_ns IS NOT NULL
    GROUP BY coalesce(trace_id, request_id), service
),
whole AS (
    SELECT
        id                                                       AS id,
        min({'first': first, 'service': service})                AS place,
        arg_min(
            {'route': route, 'http_method': http_method, 'status_code': status_code, 'is_error': is_error},
            first
        )                                                        AS told,
        min(trace_id)                                            AS trace_id,
        min(request_id)                                          AS request_id,
        min(user_id)                                             AS user_id,
        min(first_ns)                                            AS start_ns,
        max(last_ns)                                             AS end_ns,
        sum(records)::BIGINT                                     AS records,
        list(service ORDER BY first)                             AS services
    FROM parts
    GROUP BY id
    HAVING
        max(last_ns)::HUGEINT - min(first_ns) BETWEEN 1 AND 86400000000000
)
SELECT
    'rebuilt'                                                    AS origin,
    id                                                           AS id,
    place.service                                                AS service,
    place.first.instance                                         AS instance,
    told.route                                                   AS route,
    told.http_method                                             AS http_method,
    place.first.message                                          AS name,
    start_ns                                                     AS start_ns,
    end_ns                                                       AS end_ns,
    end_ns - start_ns                                            AS duration_ns,
    told.status_code                                             AS status_code,
    told.is_error                                                AS is_error,
    trace_id                                                     AS trace_id,
    request_id                                                   AS request_id,
    user_id                                                      AS user_id,
    services                                                     AS services,
    records                                                      AS records,
    place.first.source_id                                        AS source_id,
    place.first.line                                             AS line,
    place.first.ordinal                                          AS ordinal
FROM whole
ANTI JOIN answering
    ON place.service IS NOT DISTINCT FROM answering.service;

COMMENT ON VIEW rebuilt_requests IS 'One request where there are no spans, rebuilt from the log records that share an id.';
COMMENT ON COLUMN rebuilt_requests.origin IS 'rebuilt.';
COMMENT ON COLUMN rebuilt_requests.id IS 'The trace id, or else the request id, that its records share.';
COMMENT ON COLUMN rebuilt_requests.service IS 'Service of its first record.';
COMMENT ON COLUMN rebuilt_requests.instance IS 'Instance of its first record.';
COMMENT ON COLUMN rebuilt_requests.route IS 'The first route its service names.';
COMMENT ON COLUMN rebuilt_requests.http_method IS 'The first HTTP method its service names.';
COMMENT ON COLUMN rebuilt_requests.name IS 'Its first message.';
COMMENT ON COLUMN rebuilt_requests.start_ns IS 'Start: the time of its first record, or when what one of them tells the duration of began.';
COMMENT ON COLUMN rebuilt_requests.end_ns IS 'Time of its last record.';
COMMENT ON COLUMN rebuilt_requests.duration_ns IS 'From its start to its last record: it took at least that.';
COMMENT ON COLUMN rebuilt_requests.status_code IS 'The last HTTP status code its service names.';
COMMENT ON COLUMN rebuilt_requests.is_error IS 'Whether its service named a status of 500 or above, or logged an error.';
COMMENT ON COLUMN rebuilt_requests.trace_id IS 'Trace id.';
COMMENT ON COLUMN rebuilt_requests.request_id IS 'Request or correlation id.';
COMMENT ON COLUMN rebuilt_requests.user_id IS 'User id.';
COMMENT ON COLUMN rebuilt_requests.services IS 'Its services, in the order of their first records.';
COMMENT ON COLUMN rebuilt_requests.records IS 'Its log records.';
COMMENT ON COLUMN rebuilt_requests.source_id IS 'Source of its first record.';
COMMENT ON COLUMN rebuilt_requests.line IS 'Line of its first record.';
COMMENT ON COLUMN rebuilt_requests.ordinal IS 'Position of its first record among those of its line.';

-- For the questions that say which of their requests are rebuilt; no other counts them.
CREATE OR REPLACE TEMP VIEW all_requests AS
SELECT
    *
FROM requests
UNION ALL BY NAME
SELECT
    * EXCLUDE (id, end_ns, services, records)
FROM rebuilt_requests;
