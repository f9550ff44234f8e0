"""Silence: what stopped, does not beat, has no traffic, was not recorded, or was started anew, and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from loglens.analysis import Analysis, Row, Value
from loglens.silence.columns import COLUMNS
from loglens.silence.statement import MEASURE_AGAIN, SILENCE
from loglens.silence.thresholds import THRESHOLDS

if TYPE_CHECKING:
    import pyarrow as pa


def _rows(table: pa.Table, values: Mapping[str, Value]) -> Sequence[Row]:
    from loglens.silence.answer import rows

    return rows(table, values)


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.silence.drawing import draw

    return draw(rows, width)


ANALYSIS = Analysis(
    name="silence",
    title="Silence",
    question="Which services, instances or heartbeats fell silent, for how long, and what kind of silence is it?",
    params=THRESHOLDS,
    columns=COLUMNS,
    key=("silence_id",),
    rows_named="silence",
    spread="local",
    needs=("log_templates", "query_shapes", "trace_structure"),
    sql=SILENCE,
    compute_arrow=_rows,
    draw=_draw,
    row_sql=MEASURE_AGAIN,
    examples=("loglens silence", "loglens silence --service media-api --format json"),
)
