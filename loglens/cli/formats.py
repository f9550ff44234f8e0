"""`loglens formats`: what can be read, with an example each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from loglens.analysis import Row
from loglens.cli.options import written_options
from loglens.text import cut, visible

SHOWN_LINES = 2
_NOTE = "docs/formats.md says more of each; --format json has the examples whole."


def _formats(format: str | None, output: Path | None) -> None:
    from loglens.answer import Answer
    from loglens.cli.output import choose, deliver
    from loglens.columns import Column
    from loglens.ingest.formats import FORMATS

    columns = (
        Column("format", "VARCHAR", "Its name, as `loglens ingest --format` takes it."),
        Column("reads", "VARCHAR", "What it is."),
        Column("recognised_by", "VARCHAR", "What tells it from the others."),
        Column("tables", "VARCHAR", "The tables its records go to."),
        Column("example", "VARCHAR", "A short content that is read as it; none where it is no text."),
    )
    rows = [
        (each.name, each.title, each.marks, ", ".join(each.carries), None if each.is_binary else each.example)
        for each in FORMATS
    ]
    answer = Answer("Formats", columns, rows, sql="", draw=_draw, notes=[_NOTE])
    deliver(answer, choose(format, output), output)


def _draw(rows: Sequence[Row], width: int) -> str:
    """Return each format with what it is, and below it the beginning of its example."""
    return "".join(_drawn(rows, max(len(row["format"]) for row in rows) + 2, width))


def _drawn(rows: Sequence[Row], indent: int, width: int) -> Iterator[str]:
    for row in rows:
        yield f"{row['format']:{indent}}{cut(row['reads'], width - indent, at_end=True)}\n"
        lines = ["(no text)"] if row["example"] is None else row["example"].splitlines()
        for line in lines[:SHOWN_LINES]:
            yield f"{'':{indent}}{cut(visible(line), width - indent, at_end=True)}\n"


COMMAND = click.Command(
    "formats",
    callback=_formats,
    params=written_options(),
    help="""List the formats that are read, with an example each.

    The content of a file decides which it is, never its name; `loglens ingest --explain FILE` says how one would be
    read, and why.

    \b
    loglens formats
    loglens formats --format json
    """,
)
