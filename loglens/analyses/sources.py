"""Sources: what was read, as what, and what became of every line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value


def _bind(signals: Sequence[Row], _values: Mapping[str, Value]) -> Mapping[str, Any]:
    return {"signals": [row["said"] for row in signals]}


def _notes(binds: Mapping[str, Any]) -> Sequence[str]:
    return binds["signals"] or ()


ANALYSIS = Analysis(
    name="sources",
    title="Sources",
    question="What was read, as what, and what became of every line?",
    params=(Param("verbose", False, "Show what was assumed while reading each source."),),
    columns={
        "source_id": "Number of the source: one with records of the time and service asked for.",
        "uri": "Path it was last seen under.",
        "format": "Format it was read as.",
        "lines": "Lines: blank, rejected and in records.",
        "blank_lines": "Blank lines.",
        "reject_lines": "Lines that were rejected: `loglens rejects`.",
        "record_lines": "Lines that are part of records.",
        "records": "Records made from them.",
        "untimed": "Records without a readable time.",
        "unread": "Records of a kind that is not read yet.",
        "state": "complete or damaged.",
        "note": "What else to know: damage, twins, and which signal stands for the requests of its service.",
        "assumptions": "What was assumed, with --verbose.",
    },
    key=("source_id",),
    limit=0,
    spread="local",
    kept=("request_signals",),
    # A table has no room for whole sentences, so that these are told below it as well.
    prepare="""
        SELECT
            'Requests of ' || coalesce(service, 'no service') || ' are taken from its '
            || if(origin = 'span', 'spans', 'logs') || format('; {:,} of its access records', untraced)
            || if(untraced = 1, ' has', ' have') || ' no trace id and cannot be paired with spans.' AS said
        FROM request_signals
        WHERE entry_spans > 0
        ORDER BY said
    """,
    bound=("signals",),
    bind=_bind,
    notes=_notes,
    aside=lambda values: (
        "blank_lines",
        "record_lines",
        "unread",
        "untimed",
        "state",
        "source_id",
        *(() if values["verbose"] else ("assumptions",)),
    ),
    sql="""
        WITH chosen AS (
            SELECT
                logs.source_id AS source_id,
                string_agg(
                    DISTINCT 'requests of ' || coalesce(signals.service, 'no service') || ' are taken from its '
                    || if(signals.origin = 'span', 'spans', 'logs') || ': records without trace id cannot be paired',
                    '; ' ORDER BY 'requests of ' || coalesce(signals.service, 'no service') || ' are taken from its '
                    || if(signals.origin = 'span', 'spans', 'logs') || ': records without trace id cannot be paired'
                )              AS note
            FROM access_records AS logs
            JOIN request_signals AS signals
                ON logs.service IS NOT DISTINCT FROM signals.service AND signals.entry_spans > 0
            GROUP BY logs.source_id
        )
        SELECT
            sources.source_id                                   AS source_id,
            uri                                                 AS uri,
            format                                              AS format,
            lines                                               AS lines,
            blank_lines                                         AS blank_lines,
            reject_lines                                        AS reject_lines,
            record_lines                                        AS record_lines,
            records                                             AS records,
            untimed                                             AS untimed,
            unread                                              AS unread,
            state                                               AS state,
            nullif(concat_ws('; ', sources.note, chosen.note), '') AS note,
            if($verbose, assumptions, NULL)                     AS assumptions
        FROM sources
        SEMI JOIN sources_in_scope($since_ns, $until_ns, $service) AS asked
            ON sources.source_id = asked.source_id
        LEFT JOIN chosen ON sources.source_id = chosen.source_id
        ORDER BY source_id
    """,
    examples=("loglens sources", "loglens sources --verbose --format json"),
)
