"""Trace: one request as a tree of spans, with what was logged on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.trace_ids import one_id


def _bind(found: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    return {"found": one_id("trace", str(values["trace_id"]), [row["trace_id"] for row in found], values)}


def _compute(rows: Sequence[Row], values: Mapping[str, Value]) -> list[Row]:
    from loglens.trace_tree import tree_rows

    return tree_rows(rows, critical=bool(values["critical"]))


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.waterfall import draw

    return draw(rows, width)


def _draw_part(rows: Sequence[Row], count: int, width: int) -> str:
    from loglens.waterfall import draw

    return draw(rows, width, rows[:count])


ANALYSIS = Analysis(
    name="trace",
    title="Trace",
    question="Where did the time of this one request go?",
    params=(
        Param(
            "trace_id",
            None,
            "The trace id, or its beginning; it has records of the time and service asked for.",
            positional=True,
            metavar="ID",
        ),
        Param("critical", False, "Mark the critical path: what the request really waited for."),
    ),
    columns={
        "record": "span or log.",
        "depth": "Depth in the tree; a log record stands below its span, or below the only root.",
        "offset_ms": "Start, from the start of the earliest span; where clocks differ, by that of the root.",
        "duration_ms": "Duration.",
        "self_ms": "Duration inside its parent less the time in which a child it waited for ran.",
        "critical_ms": "With --critical: its own part of the critical path; null where it is not on it.",
        "service": "Service.",
        "name": "Name of the span, or the message.",
        "status": "Status of the span, or the level of the record.",
        "status_code": "HTTP response status code.",
        "kind": "Kind of the span.",
        "peer": "What it calls: peer service, else database system, messaging destination, or host of the URL.",
        "start_ts": "Start of the span, or time of the record.",
        "is_orphan": "Whether it names a parent that is not in the data.",
        "outside_ms": "How far it reaches outside its parent: clocks differ, or it went on after the answer.",
        "skew_ms": "What its clock was corrected by; null for nothing.",
        "note": "What is odd about it: hung here without its parent, a cycle, a second record, a negative duration.",
        "trace_id": "Trace id.",
        "span_id": "Span id.",
        "parent_span_id": "Span id of the parent.",
    },
    key=("trace_id", "record", "span_id", "start_ts", "name"),
    limit=0,
    spread="local",
    prepare="""
        SELECT DISTINCT
            trace_id AS trace_id
        FROM (
            SELECT trace_id, start_ns AS time_ns, service FROM spans
            UNION ALL
            SELECT trace_id, ts_ns, service FROM logs
            UNION ALL
            SELECT request_id, ts_ns, service
            FROM logs
            WHERE
                trace_id IS NULL
                AND (SELECT count(*) FROM (FROM spans LIMIT 1)) = 0
        ) AS ids
        WHERE
            (starts_with(trace_id, lower($trace_id)) OR starts_with(trace_id, $trace_id))
            AND in_scope(time_ns, $since_ns, $until_ns)
            AND ($service IS NULL OR service = $service)
        ORDER BY trace_id
        LIMIT 6
    """,
    bound=("found",),
    bind=_bind,
    sql="""
        SELECT
            'span'                      AS record,
            spans.service               AS service,
            spans.name                  AS name,
            spans.status                AS status,
            spans.status_code           AS status_code,
            spans.kind                  AS kind,
            span_tree.peer              AS peer,
            spans.start_ts              AS start_ts,
            spans.duration_ns           AS duration_ns,
            spans.trace_id              AS trace_id,
            spans.span_id               AS span_id,
            spans.parent_span_id        AS parent_span_id,
            source_id                   AS source_id,
            line                        AS line,
            ordinal                     AS ordinal,
            span_tree.node              AS node,
            span_tree.parent            AS parent,
            span_tree.parent_state      AS parent_state,
            span_tree.skew_ns           AS skew_ns,
            span_tree.self_ns           AS self_ns,
            span_tree.critical_ns       AS critical_ns
        FROM spans
        JOIN span_tree USING (source_id, line, ordinal)
        WHERE
            spans.trace_id = $found
            AND span_tree.trace_id = $found
        UNION ALL BY NAME
        SELECT
            'log'           AS record,
            service         AS service,
            message         AS name,
            level           AS status,
            status_code     AS status_code,
            NULL            AS kind,
            ts              AS start_ts,
            duration_ns     AS duration_ns,
            $found          AS trace_id,
            span_id         AS span_id,
            NULL            AS parent_span_id,
            source_id       AS source_id,
            line            AS line,
            ordinal         AS ordinal
        FROM logs
        WHERE
            trace_id = $found
            OR (trace_id IS NULL AND request_id = $found)
        ORDER BY
            record DESC,
            source_id,
            line,
            ordinal
    """,
    needs=("trace_structure",),
    compute=_compute,
    draw=_draw,
    draw_part=_draw_part,
    examples=(
        "loglens trace 4bf92f35",
        "loglens trace 4bf92f35 --critical",
        "loglens trace 4bf92f3577b34da6a3ce929d0e0e4736 --format json",
    ),
)
