"""JSON: one array of row objects keyed by column names."""

from __future__ import annotations

from collections.abc import Iterator

from loglens.answer import Answer
from loglens.reports.jsonl import objects
from loglens.reports.page import Page


def render(answer: Answer, page: Page) -> Iterator[str]:
    """Yield the array, one row a line."""
    separator = "[\n"
    for written in objects(answer):
        yield separator + written
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"
