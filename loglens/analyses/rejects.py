"""Rejects: what could not be read, and why."""

from __future__ import annotations

from loglens.analysis import Analysis

ANALYSIS = Analysis(
    name="rejects",
    title="Rejects",
    question="Which lines could not be read, and why?",
    params=(),
    columns={
        "uri": "Source the text came from.",
        "line": "Line it starts on.",
        "reason": "Why it could not be read.",
        "raw": "The text itself.",
    },
    key=("uri", "line"),
    scoped=False,
    many=True,
    limit=50,
    spread="local",
    sql="""
        SELECT
            sources.uri         AS uri,
            rejects.line        AS line,
            rejects.reason      AS reason,
            rejects.raw         AS raw
        FROM rejects
        JOIN sources USING (source_id)
        ORDER BY
            uri,
            line,
            reason,
            raw
    """,
    examples=("loglens rejects", "loglens rejects --format jsonl --limit 0"),
)
