"""Rejects: what could not be read, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from loglens.analysis import Analysis, Row
from loglens.paragraph import wrapped
from loglens.text import cut, visible

_INDENT = "    "


def _draw(rows: Sequence[Row], width: int) -> str:
    """Return the rejects below their sources: where, why, and the text itself as far as it fits."""
    return "\n".join("".join(_of_one(uri, list(some), width)) for uri, some in groupby(rows, _uri)) or _NONE


def _uri(row: Row) -> str:
    return str(row["uri"])


def _of_one(uri: str, rows: Sequence[Row], width: int) -> Iterator[str]:
    yield f"{visible(uri)}\n"
    for row in rows:
        reason = wrapped(visible(f"line {row['line']}: {row['reason']}"), width - len(_INDENT))
        text = cut(visible(row["raw"]), width - len(_INDENT))
        first, *others = (*reason, *filter(None, [text]))
        yield "".join((f"  {first}\n", *(f"{_INDENT}{line}\n" for line in others)))


_NONE = "Everything was read: nothing was rejected.\n"
ANALYSIS = Analysis(
    name="rejects",
    title="Rejects",
    question="Which lines could not be read, and why?",
    params=(),
    columns={
        "uri": "Source the text came from: one with records of the time and service asked for.",
        "line": "Line it starts on.",
        "reason": "Why it could not be read.",
        "raw": "The text itself.",
    },
    key=("uri", "line"),
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
        SEMI JOIN sources_in_scope($since_ns, $until_ns, $service) USING (source_id)
        ORDER BY
            uri,
            line,
            reason,
            raw
    """,
    draw=_draw,
    examples=("loglens rejects", "loglens rejects --format jsonl --limit 0"),
)
