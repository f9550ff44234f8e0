"""Compare: two requests side by side, and where one of them spends more time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.errors import NotFound
from loglens.trace_ids import one_id


def _bind(found: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    ids = [row["trace_id"] for row in found]
    return {f"found_{side}": one_id("trace", str(values[f"trace_{side}"]), ids, values) for side in ("a", "b")}


def _compute(spans: Sequence[Row], values: Mapping[str, Value]) -> Sequence[Row]:
    from loglens.trace_pair import pair_rows

    for side in ("a", "b"):
        if not any(row["side"] == side for row in spans):
            raise NotFound(f"Trace {values[f'found_{side}']} has log records alone; spans are what is compared.")
    return pair_rows(spans, values)


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.trace_pair import draw

    return draw(rows, width)


def _draw_part(rows: Sequence[Row], count: int, width: int) -> str:
    from loglens.trace_pair import draw

    return draw(rows, width, count)


ANALYSIS = Analysis(
    name="compare",
    title="Two traces",
    question="What does one request do more often or longer than another one?",
    params=(
        Param(
            "trace_a",
            None,
            "The trace id of one, or its beginning; it has records of the time and service asked for.",
            positional=True,
            metavar="A",
        ),
        Param("trace_b", None, "That of the other, of which the same holds.", positional=True, metavar="B"),
    ),
    columns={
        "depth": "Depth in the tree.",
        "component": "Service and operation; a row is all spans of it below the same components.",
        "stack": "The components from the root down to it, with ; between them.",
        "a_calls": "How many A has.",
        "b_calls": "How many B has.",
        "a_errors": "Those of A that failed.",
        "b_errors": "Those of B that failed.",
        "a_ms": "Their durations in A, all together.",
        "b_ms": "Their durations in B, all together.",
        "a_critical_ms": "Their own part of the critical path of A.",
        "b_critical_ms": "Their own part of the critical path of B.",
        "added_critical_ms": "What that is more in B; over all rows, what B takes longer.",
        "a_start_ts": "Start of the first of A.",
        "b_start_ts": "Start of the first of B.",
        "a_trace_id": "Trace id of A.",
        "b_trace_id": "Trace id of B.",
    },
    key=("a_trace_id", "b_trace_id", "stack"),
    limit=0,
    needs=("trace_structure",),
    spread="local",
    prepare="""
        SELECT DISTINCT
            trace_id AS trace_id
        FROM (
            SELECT trace_id, start_ns AS time_ns, service FROM spans
            UNION ALL
            SELECT trace_id, ts_ns, service FROM logs
        ) AS ids
        WHERE
            (starts_with(trace_id, lower($trace_a)) OR starts_with(trace_id, lower($trace_b)))
            AND in_scope(time_ns, $since_ns, $until_ns)
            AND ($service IS NULL OR service = $service)
        ORDER BY trace_id
    """,
    bound=("found_a", "found_b"),
    bind=_bind,
    sql="""
        SELECT
            side            AS side,
            node            AS node,
            parent          AS parent,
            component       AS component,
            begin_ns        AS begin_ns,
            start_ns        AS start_ns,
            duration_ns     AS duration_ns,
            critical_ns     AS critical_ns,
            is_error        AS is_error
        FROM span_tree
        JOIN (VALUES ('a', $found_a::VARCHAR), ('b', $found_b::VARCHAR)) AS sides(side, trace_id) USING (trace_id)
        WHERE trace_id IN ($found_a, $found_b)
        ORDER BY
            side,
            start_ns,
            node
    """,
    compute=_compute,
    draw=_draw,
    draw_part=_draw_part,
    examples=("loglens compare 4bf92f35 0af76519", "loglens compare 4bf92f35 0af76519 --format json"),
)
