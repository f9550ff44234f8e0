"""Template: one log template, its last records, and with `--params` what stands in them for each of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.template_texts import texts_sql
from loglens.trace_ids import one_id

# Of more records the values are those of the last ones.
_MOST = 10_000

_LAST = "(SELECT logs.* FROM logs SEMI JOIN latest USING (source_id, line, ordinal)) AS logs"


def _bind(found: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    known = {str(row["template_id"]): row["number"] for row in found}
    return {"found_id": known[one_id("template", str(values["template"]), sorted(known), values)]}


def _compute(rows: Sequence[Row], values: Mapping[str, Value]) -> Sequence[Row]:
    from loglens.template_values import values_of

    found = values_of(rows) if values["params"] else [{} for _ in rows]
    return [{**{name: row[name] for name in ANALYSIS.columns}, **each} for row, each in zip(rows, found, strict=True)]


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.template_drawing import draw

    return draw(rows, width, [name for row in rows[:1] for name in row if name not in ANALYSIS.columns])


ANALYSIS = Analysis(
    name="template",
    title="Log template",
    question="What does one template say, how often, and with which values?",
    params=(
        Param(
            "template", None, "The template by its id, or the beginning of it; `templates` lists them.", positional=True
        ),
        Param("params", False, "Tell what stands for each of its values, in a column each."),
    ),
    columns={
        "template_id": "The template by name.",
        "template": "What its messages have in common, with <*> for their values.",
        "frames": "Top frames of its stack trace, without line numbers.",
        "records": "Log records that have it.",
        "first_ts": "When it was logged first.",
        "last_ts": "When it was logged last.",
        "trend": "How it is spread over that time.",
        "ts": "Time of one record, the last one first.",
        "level": "Level as it was written.",
        "service": "Service that wrote it.",
        "message": "First line of its message.",
        "trace_id": "Trace it belongs to.",
        "source_id": "Source it came from.",
        "line": "Line it starts on.",
        "ordinal": "Position among the records that start on that line.",
    },
    further="What stands for a value of the template, named by the key before it, or else counted from 1.",
    key=("source_id", "line", "ordinal"),
    limit=0,
    needs=("log_templates",),
    spread="local",
    prepare="""
        SELECT
            hex_id(template_id)     AS template_id,
            template_id::HUGEINT    AS number
        FROM log_templates
        WHERE starts_with(hex_id(template_id), lower($template))
        ORDER BY template_id
        LIMIT 6
    """,
    bind=_bind,
    bound=("found_id",),
    compute=_compute,
    draw=_draw,
    sql=f"""
        WITH chosen AS MATERIALIZED (
            SELECT
                *
            FROM log_record_templates
            WHERE
                template_id = $found_id
                AND in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
        ),
        stretch AS MATERIALIZED (
            SELECT
                count(*)                                                AS records,
                min(ts_ns)                                              AS first_ns,
                max(ts_ns)                                              AS last_ns
            FROM chosen
        ),
        trends AS (
            SELECT
                sparkline(map_from_entries(list((slice, records))))     AS trend
            FROM (
                SELECT
                    time_slice(ts_ns, first_ns, last_ns)                AS slice,
                    count(*)                                            AS records
                FROM chosen
                CROSS JOIN stretch
                WHERE ts_ns IS NOT NULL
                GROUP BY slice
            ) AS numbers
        ),
        latest AS MATERIALIZED (
            SELECT
                source_id                                               AS source_id,
                line                                                    AS line,
                ordinal                                                 AS ordinal
            FROM chosen
            ORDER BY
                ts_ns DESC NULLS LAST,
                source_id DESC,
                line DESC,
                ordinal DESC
            LIMIT {_MOST}
        ),
        told AS (
            SELECT source_id, line, ordinal, text
            FROM ({texts_sql(_LAST)}) AS told
        )
        SELECT
            hex_id($found_id)                                           AS template_id,
            log_templates.template                                      AS template,
            log_templates.frames                                        AS frames,
            stretch.records                                             AS records,
            make_timestamp_ns(stretch.first_ns)                         AS first_ts,
            make_timestamp_ns(stretch.last_ns)                          AS last_ts,
            trends.trend                                                AS trend,
            logs.ts                                                     AS ts,
            logs.level                                                  AS level,
            logs.service                                                AS service,
            first_line(logs.message)                                    AS message,
            logs.trace_id                                               AS trace_id,
            logs.source_id                                              AS source_id,
            logs.line                                                   AS line,
            logs.ordinal                                                AS ordinal,
            told.text                                                   AS text
        FROM latest
        JOIN logs USING (source_id, line, ordinal)
        JOIN told USING (source_id, line, ordinal)
        CROSS JOIN stretch
        CROSS JOIN trends
        JOIN log_templates
            ON log_templates.template_id = $found_id
        ORDER BY
            logs.ts_ns DESC NULLS LAST,
            logs.source_id DESC,
            logs.line DESC,
            logs.ordinal DESC
    """,  # noqa: S608
    examples=("loglens template 5f3a", "loglens template 5f3a --params --since 1h"),
)
