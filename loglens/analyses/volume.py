"""Volume: when far more log records were written than usual, of any level, by whom, and of which template.

The scan of bursts, over the records of every template, level and service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loglens.analysis import Analysis, Row, Value
from loglens.volume.statements import COUNT_AGAIN, COUNTS, LOOK_UP
from loglens.volume.thresholds import THRESHOLDS

if TYPE_CHECKING:
    import pyarrow as pa


def _bind(table: pa.Table, values: Mapping[str, Value]) -> Mapping[str, Any]:
    from loglens.volume.answer import bind

    return bind(table, values)


def _rows(table: pa.Table, values: Mapping[str, Value]) -> Sequence[Row]:
    from loglens.volume.answer import rows

    return rows(table, values)


def _notes(values: Mapping[str, Any]) -> Sequence[str]:
    from loglens.volume.answer import notes

    return notes(values)


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.volume.drawing import draw

    return draw(rows, width)


ANALYSIS = Analysis(
    name="volume",
    title="Volume of logs",
    question="When were far more log records written than usual, of which template or level, and since when?",
    params=THRESHOLDS,
    columns={
        "volume_id": "The burst by name.",
        "kind": "What there is more of: a template, a level, or all that a service writes.",
        "service": "Service that writes it.",
        "level": "The level; of a template or a service that of most of the records.",
        "template_id": "The template, or the commonest.",
        "template": "What its messages have in common, with <*> for their values.",
        "change": "burst, still on (at the end of the data), or level shift (came to stay).",
        "first_ts": "Onset: the most likely begin.",
        "last_ts": "End, exclusive.",
        "onset_low_ts": "It began no earlier.",
        "onset_high_ts": "It began no later.",
        "records": "Records in it.",
        "expected": "How many would have been usual.",
        "times": "How many times as many that is.",
        "per_second": "Records a second.",
        "share_ratio": "Share of all that the service wrote meanwhile.",
        "template_ratio": "Share of its records that are of the template.",
        "traffic_times": "How many times as many requests as usual the service answered meanwhile.",
        "sigma": "How far it stands out: the signed root of the likelihood ratio.",
        "is_new": "Whether the template was never written before.",
        "example": "First line of its last message.",
        "exemplar_trace_id": "Trace of that record.",
        "expected_false": "Bursts that chance alone makes in data like this.",
        "alike": "Other bursts of the same, at least half as large: what recurs is a job.",
    },
    key=("volume_id",),
    rows_named="bursts of log records",
    spread="local",
    needs=("log_templates",),
    prepare=COUNTS,
    bound=("burst_number", "burst_kind", "burst_service", "burst_name", "burst_first", "burst_end", "found"),
    bind_arrow=_bind,
    asked_of="burst_number",
    sql=LOOK_UP,
    compute_arrow=_rows,
    notes=_notes,
    draw=_draw,
    row_sql=COUNT_AGAIN,
    examples=("loglens volume", "loglens volume --service media-api --since 2h", "loglens volume --format json"),
)
