"""Bursts: when errors were far more than they are at that time and with that traffic, of what, and what set them apart.

A negative-binomial scan over windows of all lengths, above a seasonal baseline that leaves out its own bursts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loglens.analysis import Analysis, Row, Value
from loglens.bursts.counts import COUNT_AGAIN, COUNTS
from loglens.bursts.evidence import EVIDENCE
from loglens.bursts.thresholds import THRESHOLDS

if TYPE_CHECKING:
    import pyarrow as pa


def _bind(table: pa.Table, values: Mapping[str, Value]) -> Mapping[str, Any]:
    from loglens.bursts.answer import bind

    return bind(table, values)


def _rows(table: pa.Table, values: Mapping[str, Value]) -> Sequence[Row]:
    from loglens.bursts.answer import rows

    return rows(table, values)


def _outline(values: Mapping[str, Any]) -> Sequence[Row]:
    from loglens.bursts.answer import outline

    return outline(values)


def _notes(values: Mapping[str, Any]) -> Sequence[str]:
    from loglens.bursts.answer import notes

    return notes(values)


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.bursts.drawing import draw

    return draw(rows, width)


ANALYSIS = Analysis(
    name="bursts",
    title="Error bursts",
    question="When were there far more errors than usual, of what, since when, and what set them apart?",
    params=THRESHOLDS,
    columns={
        "burst_id": "The burst by name.",
        "kind": "What burst: service, route, error or template (of a service), dependency (of a service), or tenant.",
        "service": "Service.",
        "route": "Route.",
        "name": "The error, the template, the dependency or the tenant.",
        "change": "burst, still on (at the end of the data), or level shift (came to stay).",
        "stay_ratio": "Errors of its second half for one of its first, where it is long and lasts to the end.",
        "first_ts": "Onset: the most likely begin.",
        "last_ts": "End, exclusive.",
        "onset_low_ts": "It began no earlier.",
        "onset_high_ts": "It began no later.",
        "errors": "Requests that failed in it; lines where no request is known.",
        "expected": "How many would have been usual with that traffic, or in that time: of what is seen only failing.",
        "times": "How many times as many that is.",
        "requests": "Requests in all in that time.",
        "error_ratio": "Share of them that failed.",
        "sigma": "How far it stands out: the signed root of the likelihood ratio.",
        "expected_false": "Bursts that chance alone makes in data like this.",
        "began_service": "Service in which most of its errors began.",
        "began": "Call, or else route, of that service in which they began.",
        "error": "What most of them are.",
        "retried_ratio": "Share of its errors after which a later attempt succeeded.",
        "failed_ratio": "Share of its errors with which a request failed.",
        "is_new": "Whether that never happened before the burst.",
        "own_ratio": "Share of its errors that began in the service itself; those of others it only passes on.",
        "changes": "What changed shortly before it began, as the records tell: versions, starts, deploys, settings.",
        "apart": "What sets them apart from requests that succeeded meanwhile: errors that are new, then attributes.",
        "exemplar_trace_id": "The last request that failed.",
    },
    key=("burst_id",),
    rows_named="bursts of errors",
    spread="local",
    needs=("query_shapes", "trace_structure", "log_templates"),
    kept=("error_events", "request_signals"),
    prepare=COUNTS,
    bound=(
        *("burst_number", "burst_kind", "burst_service", "burst_route", "burst_name", "burst_first", "burst_end"),
        *("onset_low", "onset_high", "most_members", "found"),
    ),
    bind_arrow=_bind,
    asked_of="burst_number",
    sql=EVIDENCE,
    compute_arrow=_rows,
    outline=_outline,
    notes=_notes,
    draw=_draw,
    row_sql=COUNT_AGAIN,
    examples=(
        "loglens bursts",
        "loglens bursts --since 2h --service llm-api",
        "loglens bursts --sigma 5 --format json",
    ),
)
