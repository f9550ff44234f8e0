"""CSV (RFC 4180, lines end in LF): a header and exact values; null is empty, the empty text is quoted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from loglens.answer import Answer
from loglens.columns import Column, json_writer, strict_json
from loglens.reports.page import Page
from loglens.text import visible

_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$|^$')


def render(answer: Answer, page: Page) -> Iterator[str]:
    """Yield one line a row; control characters are made visible only where a terminal would act on them."""
    yield ",".join(_cell(column.name, page) for column in answer.columns) + "\n"
    writers = [_writer(column, page) for column in answer.columns]
    for values in answer.tuples:
        cells = ("" if value is None else write(value) for write, value in zip(writers, values, strict=True))
        yield ",".join(cells) + "\n"


def _writer(column: Column, page: Page) -> Callable[[Any], str]:
    match column.kind:
        case "text":
            return lambda value: _cell(value, page)
        case "json" | "nested":
            return lambda value: _cell(strict_json(value), page)
        case "real" | "decimal":
            write = json_writer(column)
            return lambda value: write(value).replace("null", "")
        case "time_ns" | "time_us":
            write = json_writer(column)
            return lambda value: write(value).strip('"')
    return json_writer(column)


def _cell(text: str, page: Page) -> str:
    shown = visible(text) if page.is_terminal else text
    return '"' + shown.replace('"', '""') + '"' if _NEEDS_QUOTES.search(shown) else shown
