"""Trace: one request as a tree of spans, with what was logged on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.errors import NotFound, UsageError
from loglens.waterfall import arrange, draw

NAMED = 5


def _bind(found: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    asked = str(values["trace_id"]).lower()
    ids = [row["trace_id"] for row in found]
    if asked in ids:
        return {"found": asked}
    if not ids:
        raise NotFound(f"No trace {values['trace_id']!r}. `loglens traces` lists them.")
    if len(ids) > 1:
        listed = ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
        raise UsageError(f"{values['trace_id']!r} begins more than one trace id: {listed}.")
    return {"found": ids[0]}


ANALYSIS = Analysis(
    name="trace",
    title="Trace",
    question="Where did the time of this one request go?",
    params=(Param("trace_id", None, "The trace id, or the beginning of it.", positional=True, metavar="ID"),),
    columns={
        "record": "span or log.",
        "depth": "Depth in the tree; a log record stands below its span.",
        "offset_ms": "From the start of the trace.",
        "duration_ms": "Duration of the span.",
        "self_ms": "Duration less the time that children cover.",
        "service": "Service.",
        "name": "Name of the span, or the message.",
        "status": "Status of the span, or the level.",
        "kind": "Kind of the span.",
        "is_orphan": "Whether its parent is named and not here.",
        "is_skewed": "Whether it reaches outside its parent, as clocks that differ make it.",
        "span_id": "Span id.",
        "parent_span_id": "Span id of the parent.",
    },
    key=("span_id", "record", "offset_ms", "name"),
    scoped=False,
    limit=0,
    spread="local",
    prepare="""
        SELECT DISTINCT
            trace_id AS trace_id
        FROM (
            SELECT trace_id FROM spans
            UNION ALL
            SELECT trace_id FROM logs
        ) AS ids
        WHERE starts_with(trace_id, lower($trace_id))
        ORDER BY trace_id
        LIMIT 6
    """,
    bound=("found",),
    bind=_bind,
    sql="""
        SELECT
            'span'                      AS record,
            start_ns                    AS start_ns,
            duration_ns                 AS duration_ns,
            service                     AS service,
            name                        AS name,
            CASE WHEN status = 'UNSET' AND status_code >= 500 THEN 'ERROR' ELSE status END AS status,
            kind                        AS kind,
            span_id                     AS span_id,
            parent_span_id              AS parent_span_id
        FROM spans
        WHERE trace_id = $found
        UNION ALL
        SELECT
            'log'                       AS record,
            ts_ns                       AS start_ns,
            NULL                        AS duration_ns,
            service                     AS service,
            message                     AS name,
            level                       AS status,
            NULL                        AS kind,
            span_id                     AS span_id,
            NULL                        AS parent_span_id
        FROM logs
        WHERE trace_id = $found
        ORDER BY
            start_ns NULLS LAST,
            record DESC,
            span_id,
            name
    """,
    compute=lambda rows, _: arrange(rows),
    draw=draw,
    examples=("loglens trace 4bf92f35", "loglens trace 4bf92f3577b34da6a3ce929d0e0e4736 --format json"),
)
