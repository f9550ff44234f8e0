"""JSON lines: one object a row, keyed by column names."""

from __future__ import annotations

from collections.abc import Iterator

from loglens.answer import Answer
from loglens.columns import json_writer, quoted
from loglens.reports.page import Page


def objects(answer: Answer) -> Iterator[str]:
    """Yield each row as a JSON object on one line, without the line end."""
    members = [(f"{quoted(column.name)}:", json_writer(column)) for column in answer.columns]
    for values in answer.tuples:
        written = (
            key + ("null" if value is None else write(value))
            for (key, write), value in zip(members, values, strict=True)
        )
        yield "{" + ",".join(written) + "}"


def render(answer: Answer, page: Page) -> Iterator[str]:
    """Yield one line a row."""
    for written in objects(answer):
        yield written + "\n"
