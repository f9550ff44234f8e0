"""Logs: the records themselves."""

from __future__ import annotations

from loglens.analysis import Analysis, Param
from loglens.levels import LEVELS, parse_level

ANALYSIS = Analysis(
    name="logs",
    title="Log records",
    question="What was logged?",
    params=(
        Param("level", None, f"This level and above: {', '.join(LEVELS)}.", metavar="LEVEL", parse=parse_level),
        Param("text", None, "Only messages with this text in them, in any case."),
        Param("trace_id", None, "Only records of this trace, by its id or the beginning of it."),
        Param("request_id", None, "Only records of this request."),
    ),
    columns={
        "ts": "Time of the record; null when none could be read.",
        "level": "Level as it was written.",
        "service": "Service that wrote it.",
        "message": "Message.",
        "trace_id": "Trace it belongs to.",
        "attributes": "Everything else that was in it.",
        "source_id": "Source it came from.",
        "line": "Line it starts on.",
        "ordinal": "Position among the records that start on that line.",
    },
    key=("source_id", "line", "ordinal"),
    many=True,
    limit=50,
    aside=lambda _: ("ordinal", "line", "source_id", "attributes", "trace_id"),
    sql="""
        SELECT
            ts                  AS ts,
            level               AS level,
            service             AS service,
            message             AS message,
            trace_id            AS trace_id,
            attributes          AS attributes,
            source_id           AS source_id,
            line                AS line,
            ordinal             AS ordinal
        FROM logs
        WHERE
            in_scope(ts_ns, $since_ns, $until_ns)
            AND ($service IS NULL OR service = $service)
            AND ($level IS NULL OR severity_number >= $level)
            AND ($text IS NULL OR contains(lower(message), lower($text)))
            AND (
                $trace_id IS NULL
                OR trace_id IN (lower($trace_id), $trace_id)
                OR (
                    $trace_id <> ''
                    AND (starts_with(trace_id, lower($trace_id)) OR starts_with(trace_id, $trace_id))
                    AND NOT EXISTS (SELECT 1 FROM logs AS whole WHERE trace_id IN (lower($trace_id), $trace_id))
                )
            )
            AND ($request_id IS NULL OR request_id = $request_id)
        ORDER BY
            ts_ns DESC NULLS LAST,
            source_id,
            line,
            ordinal
    """,
    examples=("loglens logs --level error", "loglens logs --text timeout --since 10m --service llm-api"),
)
