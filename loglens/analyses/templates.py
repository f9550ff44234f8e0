"""Templates: what is logged, how often, by whom, and what of it is new, gone, or another share of the traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.errors import UsageError
from loglens.levels import LEVELS, parse_level
from loglens.scope import END_OF_DATA, end_told, parse_when, resolve

if TYPE_CHECKING:
    import pyarrow as pa

# Parts of the time before, over which it is seen how much a share varies anyway.
_PIECES = 12


def _parse_time(text: str) -> Value:
    try:
        parse_when("", text)
    except UsageError as error:
        raise ValueError(str(error).strip()) from error
    return text


def _parse_range(text: str) -> Value:
    begin, _, end = text.partition("..")
    _parse_time(begin)
    if end:
        _parse_time(end)
    return text


def _bind(found: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    (latest,) = found

    def at(since: str, until: str | None = None) -> tuple[int, int]:
        return resolve(since, until, lambda: end_told(latest["latest_ns"], latest["has_records"]))

    new, vanished, changed = (values[name] for name in ("new_since", "vanished_since", "changed"))
    begin, _, end = str(changed or "").partition("..")
    from_ns, until_ns = at(begin, end or None) if begin else (None, None)
    return {
        "new_since_ns": at(str(new))[0] if new else None,
        "vanished_since_ns": at(str(vanished))[0] if vanished else None,
        "changed_from_ns": from_ns,
        "changed_until_ns": until_ns,
        "pieces": _PIECES,
    }


def _compute(table: pa.Table, values: Mapping[str, Value]) -> Sequence[Row]:
    rows = [
        {**row, **dict.fromkeys(_CHANGE), "first_ts": row["first_ns"], "last_ts": row["last_ns"]}
        for row in table.to_pylist()
    ]
    if values["changed_from_ns"] is None:
        return rows
    from loglens.template_changes import changed

    return changed(rows, int(values["pieces"] or 0))


_CHANGE = ("before_ratio", "after_ratio", "times", "q")

ANALYSIS = Analysis(
    name="templates",
    title="Log templates",
    question="What is logged, how often and by whom, and what of it is new, gone or changed?",
    params=(
        Param("level", None, f"This level and above: {', '.join(LEVELS)}.", metavar="LEVEL", parse=parse_level),
        Param("text", None, "Only templates with this text in them, in any case."),
        Param(
            "new_since",
            None,
            "Only what was not logged before this time, which is given as that of --since is.",
            metavar="TIME",
            parse=_parse_time,
        ),
        Param(
            "vanished_since",
            None,
            "Only what has not been logged since this time, and would have been 3 times or more at the share it had.",
            metavar="TIME",
            parse=_parse_time,
        ),
        Param(
            "changed",
            None,
            "Only what has another share of the records in the time from A until B (or the end) than before A.",
            metavar="A..B",
            parse=_parse_range,
        ),
    ),
    columns={
        "template_id": "The template by name, the same on any day.",
        "level": "Level of most of its records.",
        "records": "Log records that have it.",
        "share_ratio": "Share of all records in question.",
        "before_ratio": "Share of the records before the time asked about; null where none is asked about.",
        "after_ratio": "Share of the records in it.",
        "times": "How many times as large a share it has in it as before.",
        "q": "Probability that so much changes by chance, of all that was tested together (Benjamini-Hochberg).",
        "template": "What its messages have in common, with <*> for their values.",
        "frames": "Top frames of its stack trace, without line numbers.",
        "services": "Services that write it.",
        "trend": "How it is spread over the time of all records in question.",
        "first_ts": "When it was logged first.",
        "last_ts": "When it was logged last.",
        "example": "First line of the last message.",
        "exemplar_trace_id": "Trace of that record.",
    },
    key=("template_id",),
    aside=lambda values: (
        *("exemplar_trace_id", "frames", "example", "first_ts", "last_ts", "services", "share_ratio"),
        *(_CHANGE if values["changed"] is None else ()),
    ),
    subject="template",
    needs=("log_templates",),
    spread="local",
    prepare=END_OF_DATA,
    bind=_bind,
    bound=("new_since_ns", "vanished_since_ns", "changed_from_ns", "changed_until_ns", "pieces"),
    compute_arrow=_compute,
    sql="""
        WITH chosen AS NOT MATERIALIZED (
            SELECT
                *
            FROM log_record_templates
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($level IS NULL OR severity_number >= $level)
        ),
        stretch AS MATERIALIZED (
            SELECT
                count(*)                                                AS records,
                count(*) FILTER (ts_ns < $vanished_since_ns)            AS before,
                count(*) FILTER (ts_ns >= $vanished_since_ns)           AS since,
                min(ts_ns)                                              AS first_ns,
                max(ts_ns)                                              AS last_ns
            FROM chosen
        ),
        parts AS MATERIALIZED (
            SELECT
                template_id                                             AS template_id,
                service                                                 AS service,
                severity_number                                         AS severity_number,
                time_slice(ts_ns, stretch.first_ns, stretch.last_ns)    AS slice,
                count(*)                                                AS records,
                min(ts_ns)                                              AS first_ns,
                max(ts_ns)                                              AS last_ns,
                arg_max(
                    {'source_id': source_id, 'line': line, 'ordinal': ordinal},
                    (coalesce(ts_ns, -9223372036854775808), source_id, line, ordinal)
                )                                                       AS place
            FROM chosen
            CROSS JOIN (SELECT first_ns, last_ns FROM stretch) AS stretch
            GROUP BY ALL
        ),
        levels AS (
            SELECT
                template_id                                             AS template_id,
                max((records, severity_number))[2]                      AS severity_number
            FROM (
                SELECT template_id, severity_number, sum(records) AS records
                FROM parts
                WHERE severity_number IS NOT NULL
                GROUP BY template_id, severity_number
            ) AS numbers
            GROUP BY template_id
        ),
        trends AS (
            SELECT
                template_id                                             AS template_id,
                sparkline(map_from_entries(list((slice, records))))     AS trend
            FROM (
                SELECT template_id, slice, sum(records)::BIGINT AS records
                FROM parts
                WHERE slice IS NOT NULL
                GROUP BY template_id, slice
            ) AS numbers
            GROUP BY template_id
        ),
        groups AS (
            SELECT
                template_id                                             AS template_id,
                sum(records)::BIGINT                                    AS records,
                min(first_ns)                                           AS first_ns,
                max(last_ns)                                            AS last_ns,
                array_to_string(list_sort(list(DISTINCT service)), ', ') AS services,
                arg_max(place, (coalesce(last_ns, -9223372036854775808), place)) AS place
            FROM parts
            GROUP BY template_id
        ),
        -- How often in each part of the time before, and in the time asked about.
        pieces AS (
            SELECT
                template_id                                             AS template_id,
                if(
                    ts_ns < $changed_from_ns,
                    ((ts_ns - first_ns)::HUGEINT * $pieces // greatest($changed_from_ns - first_ns, 1))::INTEGER,
                    $pieces
                )                                                       AS piece,
                count(*)                                                AS records
            FROM chosen
            CROSS JOIN (SELECT first_ns FROM stretch) AS stretch
            WHERE
                $changed_from_ns IS NOT NULL
                AND ts_ns < $changed_until_ns
            GROUP BY ALL
        ),
        counts AS (
            SELECT
                template_id                                             AS template_id,
                list({'piece': piece, 'records': records} ORDER BY piece) AS pieces
            FROM pieces
            GROUP BY template_id
        )
        SELECT
            hex_id(groups.template_id)                                  AS template_id,
            level_name(levels.severity_number)                          AS level,
            groups.records                                              AS records,
            groups.records / stretch.records                            AS share_ratio,
            log_templates.template                                      AS template,
            log_templates.frames                                        AS frames,
            groups.services                                             AS services,
            trends.trend                                                AS trend,
            groups.first_ns                                             AS first_ns,
            groups.last_ns                                              AS last_ns,
            first_line(logs.message)                                    AS example,
            logs.trace_id                                               AS exemplar_trace_id,
            counts.pieces                                               AS pieces
        FROM groups
        CROSS JOIN stretch
        JOIN log_templates USING (template_id)
        LEFT JOIN levels USING (template_id)
        LEFT JOIN trends USING (template_id)
        LEFT JOIN counts USING (template_id)
        LEFT JOIN logs
            ON groups.place.source_id = logs.source_id
            AND groups.place.line = logs.line
            AND groups.place.ordinal = logs.ordinal
        WHERE
            ($text IS NULL OR contains(lower(log_templates.template), lower($text)))
            AND ($new_since_ns IS NULL OR groups.first_ns >= $new_since_ns)
            AND (
                $vanished_since_ns IS NULL
                OR (
                    groups.last_ns < $vanished_since_ns
                    AND groups.records * stretch.since / greatest(stretch.before, 1) >= 3
                )
            )
            AND ($changed_from_ns IS NULL OR counts.pieces IS NOT NULL)
        ORDER BY
            CASE
                WHEN coalesce($new_since_ns, $vanished_since_ns) IS NOT NULL THEN coalesce(levels.severity_number, 0)
            END DESC,
            groups.records DESC,
            groups.template_id
    """,
    examples=(
        "loglens templates",
        "loglens templates --level warn --since 2h",
        "loglens templates --new-since 2026-01-15T09:30:00Z",
        "loglens templates --changed 30m..10m --service llm-api",
    ),
)
