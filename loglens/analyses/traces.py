"""Traces: searching for the requests behind a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.scope import FIRST_NS, LAST_NS, parse_length


def _parse_attribute(text: str) -> Value:
    key, equals, _ = text.partition("=")
    if not key or not equals:
        raise ValueError(f"{text!r} is not KEY=VALUE")
    return text


def _bind(renamed: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    key, _, value = str(values["attribute"] or "").partition("=")
    others = [row["name"] for row in renamed if row["old_name"] == key]
    others += [row["old_name"] for row in renamed if row["name"] == key]
    # JSON pointers, because the path syntax has no way to write a quote inside a key.
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in (key, *others)]
    asked = (values["since_ns"] != FIRST_NS, values["until_ns"] != LAST_NS)
    is_any = not any(asked) and all(values[name] is None for name in ("service", "route", "attribute"))
    return {"attribute_paths": pointers, "attribute_value": value, "is_any": is_any}


ANALYSIS = Analysis(
    name="traces",
    title="Traces",
    question="Which traces match, and how long did they take?",
    params=(
        Param("route", None, "Only traces with a request of this route."),
        Param("min_duration", "0ms", "Only traces that took this long, such as 500ms.", parse=parse_length),
        Param("errors", False, "Only traces with a failed span."),
        Param(
            "attribute",
            None,
            "Only traces with a span that has this attribute, by its name of today or an old one, or its resource has.",
            metavar="KEY=VALUE",
            parse=_parse_attribute,
        ),
        Param("sort", "duration", "Longest first, or latest first.", choices=("duration", "time")),
    ),
    columns={
        "trace_id": "Trace, or the request id of log records where there are no spans; `loglens trace` draws it.",
        "start_ts": "Start of its first span.",
        "duration_ms": "From its first start to its last end.",
        "service": "Service of its root, or of its earliest span.",
        "name": "Route, or the name of the span.",
        "spans": "Spans; none where the request is rebuilt from log records.",
        "services": "Services that took part.",
        "errors": "Spans that failed.",
    },
    key=("trace_id",),
    many=True,
    prepare="""
        SELECT DISTINCT
            entry.key                                                           AS old_name,
            replace(json_extract_string(entry.value, '$'), 'old name of ', '')  AS name
        FROM sources, json_each(assumptions) AS entry
        WHERE
            contains(assumptions, '"old name of')
            AND starts_with(json_extract_string(entry.value, '$'), 'old name of ')
        ORDER BY
            old_name,
            name
    """,
    bound=("attribute_paths", "attribute_value", "is_any"),
    bind=_bind,
    spread="trace",
    aside=lambda _: ("services", "spans", "start_ts"),
    sql="""
        WITH matching AS (
            SELECT DISTINCT
                trace_id AS trace_id
            FROM spans
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($route IS NULL OR route = $route OR name = $route)
                AND (
                    $attribute IS NULL
                    OR list_contains(json_extract_string(attributes, $attribute_paths), $attribute_value)
                    OR list_contains(json_extract_string(resource, $attribute_paths), $attribute_value)
                )
        ),
        chosen AS NOT MATERIALIZED (
            SELECT * FROM spans WHERE $is_any
            UNION ALL
            SELECT spans.* FROM spans SEMI JOIN matching ON spans.trace_id = matching.trace_id WHERE NOT $is_any
        ),
        grouped AS (
            SELECT
                trace_id                                                                    AS trace_id,
                min(start_ns)                                                               AS start_ns,
                max(try(start_ns + greatest(duration_ns, 0)))::HUGEINT - min(start_ns)      AS duration_ns,
                count(*)                                                                    AS spans,
                count(*) FILTER (WHERE status = 'ERROR' OR status_code >= 500)              AS errors
            FROM chosen
            GROUP BY trace_id
            UNION ALL
            SELECT
                id, start_ns, duration_ns, 0, is_error::INTEGER
            FROM rebuilt_requests
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR list_contains(services, $service))
                AND ($route IS NULL OR route = $route OR name = $route)
                AND $attribute IS NULL
        ),
        found AS MATERIALIZED (
            SELECT
                *
            FROM grouped
            WHERE
                coalesce(duration_ns, 0) >= $min_duration
                AND (NOT $errors OR errors > 0)
            ORDER BY
                if($sort = 'duration', duration_ns, start_ns) DESC NULLS LAST,
                trace_id
            LIMIT $most
        ),
        -- What costs most is asked of the few traces that are shown, and of none where they are only counted.
        described AS (
            SELECT
                trace_id                                            AS trace_id,
                arg_min(
                    {'service': service, 'name': coalesce(route, name)},
                    (parent_span_id IS NOT NULL, start_ns, span_id)
                )                                                   AS root,
                count(DISTINCT service)                             AS services
            FROM spans
            WHERE
                trace_id IN (SELECT trace_id FROM found)
                AND $most IS NOT NULL
            GROUP BY trace_id
            UNION ALL
            SELECT
                id, {'service': service, 'name': coalesce(route, name)}, len(services)
            FROM rebuilt_requests
            WHERE
                id IN (SELECT trace_id FROM found)
                AND $most IS NOT NULL
        )
        SELECT
            found.trace_id              AS trace_id,
            make_timestamp_ns(start_ns) AS start_ts,
            duration_ns / 1e6           AS duration_ms,
            root.service                AS service,
            root.name                   AS name,
            spans                       AS spans,
            services                    AS services,
            errors                      AS errors
        FROM found
        LEFT JOIN described ON found.trace_id = described.trace_id
        ORDER BY
            if($sort = 'duration', duration_ns, start_ns) DESC NULLS LAST,
            trace_id
    """,
    examples=(
        "loglens traces --min-duration 1s --service llm-api",
        "loglens traces --errors --sort time --attribute user.id=u_17",
    ),
)
