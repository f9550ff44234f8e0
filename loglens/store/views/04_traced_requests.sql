-- Requests that have a place and a time in a trace, with the path of the span that answered each.
CREATE OR REPLACE TEMP MACRO traced_requests(with_health, from_ns, to_ns, of_service, of_route) AS TABLE
SELECT
    node                    AS node,
    root                    AS root,
    path                    AS path,
    service                 AS service,
    operation               AS route,
    trace_id                AS trace_id,
    finish_ns - begin_ns    AS length_ns
FROM span_tree
WHERE
    is_request
    AND begin_ns IS NOT NULL
    AND (with_health OR NOT is_health_route(operation))
    AND in_scope(start_ns, from_ns, to_ns)
    AND (of_service IS NULL OR service = of_service)
    AND (of_route IS NULL OR operation = of_route);
