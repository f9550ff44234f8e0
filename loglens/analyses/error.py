"""Error: one error with its stack, what sets its requests apart, their traces, and what was logged around the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.explain.own_attributes import OWN
from loglens.template_texts import STACK
from loglens.trace_ids import one_id

if TYPE_CHECKING:
    import pyarrow as pa

# Of more requests than this on either side some are read, always the same ones.
_MOST = 20_000


def _bind(found: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    error_id = one_id("error", str(values["error"]), [row["error_id"] for row in found], values)
    return {"found_error": error_id, "sample": _MOST, "stack": STACK}


def _compute(table: pa.Table, values: Mapping[str, Value]) -> Sequence[Row]:
    from loglens.explain.one_error import error_rows

    return [dict.fromkeys(ANALYSIS.columns) | row for row in error_rows(table)]


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.explain.error_picture import draw

    return draw(rows, width)


def _draw_part(rows: Sequence[Row], count: int, width: int) -> str:
    from loglens.explain.error_picture import draw

    return draw(rows, width, count)


_FOUND = r"""
        WITH chosen AS MATERIALIZED (
            SELECT
                *
            FROM error_events
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND $found_error IN (error_id, service_error_id)
        ),
        facts AS MATERIALIZED (
            SELECT
                any_value(service)                                      AS service,
                if(count(DISTINCT route) = 1, any_value(route), NULL)   AS route,
                any_value(error)                                        AS error,
                count(DISTINCT unit)                                    AS requests,
                max(start_ns)                                           AS last_ns
            FROM chosen
        ),
        -- The last record, span or log, of each told error, and the records beside it, where a stack may be.
        last AS MATERIALIZED (
            SELECT
                *
            FROM chosen
            ORDER BY
                start_ns DESC NULLS LAST,
                source_id DESC,
                line DESC,
                ordinal DESC
            LIMIT 1
        ),
        context AS MATERIALIZED (
            SELECT
                logs.*
            FROM logs
            JOIN last USING (trace_id)
            UNION
            SELECT
                logs.*
            FROM logs
            JOIN last
                ON last.told_by = 'log'
                AND logs.source_id = last.source_id
                AND logs.line = last.line
                AND logs.ordinal = last.ordinal
        ),
        written AS (
            SELECT
                instance                                                AS instance,
                service                                                 AS service,
                ts_ns                                                   AS ts_ns
            FROM context
            WHERE
                service IS NOT DISTINCT FROM (SELECT service FROM facts)
                AND ts_ns IS NOT NULL
            ORDER BY
                coalesce(severity_number, 0) DESC,
                ts_ns DESC
            LIMIT 1
        ),
        around AS (
            SELECT
                logs.*,
                abs(logs.ts_ns::HUGEINT - written.ts_ns)                AS distance_ns
            FROM logs
            JOIN written
                ON logs.service IS NOT DISTINCT FROM written.service
                AND logs.instance IS NOT DISTINCT FROM written.instance
            ANTI JOIN context USING (source_id, line, ordinal)
            WHERE logs.ts_ns BETWEEN written.ts_ns - 60000000000 AND written.ts_ns + 10000000000
            ORDER BY
                distance_ns,
                source_id,
                line,
                ordinal
            LIMIT 12
        ),
        stacks AS (
            SELECT
                regexp_extract(attributes, $stack, 1)                   AS stack
            FROM context
            WHERE service IS NOT DISTINCT FROM (SELECT service FROM facts)
            UNION ALL
            -- Where a library writes nothing but the trace, it is the message of the error.
            SELECT to_json(error_message)::VARCHAR
            FROM context
            WHERE
                service IS NOT DISTINCT FROM (SELECT service FROM facts)
                AND contains(error_message, chr(10))
            UNION ALL
            SELECT to_json(message)::VARCHAR
            FROM context
            WHERE
                service IS NOT DISTINCT FROM (SELECT service FROM facts)
                AND regexp_matches(message, 'Traceback \(most recent call last\):\n|\n\s+at \S')
            UNION ALL
            SELECT
                regexp_extract(
                    spans.events,
                    '"exception\.stacktrace"(?:\s*:\s*|[^"]*"value"\s*:\s*\{\s*"stringValue"\s*:\s*)("(?:[^"\\]|\\.)*")',
                    1
                )
            FROM spans
            JOIN last
                ON last.told_by = 'span'
                AND spans.source_id = last.source_id
                AND spans.line = last.line
                AND spans.ordinal = last.ordinal
        ),
        sided AS (
            SELECT
                requests.*,
                coalesce(trace_id, request_id, concat_ws(':', source_id, line, ordinal)) IN (SELECT unit FROM chosen)
                    AS is_tail
            FROM requests
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND service IS NOT DISTINCT FROM (SELECT service FROM facts)
                AND ((SELECT route FROM facts) IS NULL OR route = (SELECT route FROM facts))
        ),
        compared AS MATERIALIZED (
            SELECT
                (row_number() OVER (ORDER BY source_id, line, ordinal) - 1)::INTEGER AS request,
                *
            FROM (
                SELECT *
                FROM sided
                QUALIFY row_number() OVER (
                    PARTITION BY is_tail ORDER BY hash(source_id, line, ordinal), source_id, line, ordinal
                ) <= $sample
            ) AS sampled
        ),
"""
_TOLD = r"""
        attributes AS (
            SELECT request, unnest(names) AS name, unnest(texts) AS value
            FROM own
            UNION ALL
            SELECT request, 'resource ' || unnest(json_keys(resource)), unnest(json_extract_string(resource, '$.*'))
            FROM own
            UNION ALL
            SELECT request, 'route', route
            FROM compared
        )
        SELECT
            'error'             AS part,
            NULL::INTEGER       AS request,
            NULL::BOOLEAN       AS is_tail,
            last_ns             AS ts_ns,
            service             AS service,
            NULL::VARCHAR       AS level,
            route               AS name,
            error               AS value,
            requests            AS count,
            NULL::VARCHAR       AS trace_id
        FROM facts
        UNION ALL
        SELECT 'operation', NULL, NULL, NULL, service, NULL, operation, NULL, count(DISTINCT unit), NULL
        FROM chosen
        WHERE operation IS NOT NULL
        GROUP BY service, operation
        UNION ALL
        SELECT 'seen', NULL, NULL, NULL, seen_service, NULL, seen_route, NULL, count(DISTINCT unit), NULL
        FROM chosen
        WHERE
            seen_route IS NOT NULL
            AND (seen_service, seen_route) IS DISTINCT FROM (service, route)
        GROUP BY seen_service, seen_route
        UNION ALL
        SELECT 'outcome', NULL, NULL, NULL, NULL, NULL, outcome, NULL, count(DISTINCT unit), NULL
        FROM chosen
        GROUP BY outcome
        UNION ALL
        SELECT 'stack', NULL, NULL, NULL, NULL, NULL, NULL, json_extract_string(max(stack), '$'), NULL, NULL
        FROM stacks
        WHERE stack <> ''
        UNION ALL
        SELECT 'request', request, is_tail, start_ns, service, NULL, NULL, NULL, 1, trace_id
        FROM compared
        UNION ALL
        SELECT 'attribute', request, NULL, NULL, NULL, NULL, name, value, NULL, NULL
        FROM attributes
        WHERE value IS NOT NULL
        UNION ALL
        SELECT DISTINCT 'trace', NULL, NULL, start_ns, service, outcome, route, message, NULL, trace_id
        FROM chosen
        WHERE trace_id IS NOT NULL
        UNION ALL
        SELECT 'log', NULL, NULL, ts_ns, service, level, NULL, first_line(message), NULL, trace_id
        FROM context
        UNION ALL
        SELECT 'around', NULL, NULL, ts_ns, service, level, NULL, first_line(message), NULL, trace_id
        FROM around
        ORDER BY
            part,
            request NULLS FIRST,
            ts_ns NULLS LAST,
            name,
            value,
            trace_id
"""

ANALYSIS = Analysis(
    name="error",
    title="One error",
    question="What is one error, what sets its requests apart, and what was logged around it?",
    params=(Param("error", None, "The error by its id, or the beginning of it; `errors` prints it.", positional=True),),
    columns={
        "part": (
            "error, operation (in which it began), seen (where it was met from outside), outcome, stack, attribute,"
            " trace, log (of the trace), or around (of the same instance around it)."
        ),
        "seen_ts": "When: of the error its last, of a trace its error, of a log record its time.",
        "service": "Service.",
        "level": "Level of the log record; what came of the request: failed, retried, swallowed.",
        "name": "Route of the error or seen from outside, the operation, the outcome, or name of the attribute.",
        "value": "The error, the stack, values of the attribute, or the message.",
        "requests": "Requests with the error that have it.",
        "other_requests": "Other requests of the service and route that have it.",
        "ratio": "Share of the requests with the error.",
        "other_ratio": "Share of the others.",
        "risk": "How many times as likely a request with it is to have the error: the risk ratio.",
        "q": "Probability of such a difference by chance, of all that was tested together (Benjamini-Hochberg).",
        "trace_id": "Trace.",
    },
    key=("part", "seen_ts", "service", "name", "value", "trace_id"),
    limit=0,
    needs=("query_shapes", "trace_structure", "log_templates"),
    spread="local",
    prepare="""
        SELECT DISTINCT
            error_id                AS error_id
        FROM (
            SELECT unnest(list(error_id) || if(count(DISTINCT route) > 1, [service_error_id], [])) AS error_id
            FROM error_events
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            GROUP BY service_error_id
        ) AS ids
        WHERE starts_with(error_id, lower($error))
        ORDER BY error_id
        LIMIT 6
    """,
    bind=_bind,
    bound=("found_error", "sample", "stack"),
    compute_arrow=_compute,
    draw=_draw,
    draw_part=_draw_part,
    sql=_FOUND + OWN + _TOLD,
    examples=("loglens error 3f2a", "loglens error 3f2a --since 1h"),
)
