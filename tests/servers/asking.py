"""What tests ask a search server, and what they push to it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from loglens.api import open_lens
from loglens.push.access import Access
from loglens.push.names import Names
from loglens.push.report import PushReport
from loglens.push.run import Push, PushRequest


def call(url: str, method: str, path: str, body: Any = None) -> Any:
    """Return what a server answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def push(database: Path, url: str, request: PushRequest) -> PushReport:
    """Push as the command does."""
    return Push(open_lens(database), Access(url), request).run()


def documents(url: str, index: str) -> dict[tuple[str, int, int], dict[str, Any]]:
    """Return all documents of some indices by where they came from."""
    found = call(
        url, "POST", f"/{index}/_search?ignore_unavailable=true", {"size": 10_000, "query": {"match_all": {}}}
    )["hits"]["hits"]
    sources = [each["_source"] for each in found]
    return {(each["loglens.source"], each["loglens.line"], each["loglens.ordinal"]): each for each in sources}


def count(url: str, index: str) -> int:
    """Return how many documents some indices have."""
    call(url, "POST", f"/{index}/_refresh?ignore_unavailable=true")
    return int(call(url, "GET", f"/{index}/_count?ignore_unavailable=true")["count"])


def holds_each_line_once(url: str, names: Names, number: int) -> bool:
    """Return whether the documents of logs come from the lines from the first to the last of a number, one each."""
    index = names.searched("logs")
    body = {"size": 0, "track_total_hits": True, "aggs": {"lines": {"extended_stats": {"field": "loglens.line"}}}}
    call(url, "POST", f"/{index}/_refresh?ignore_unavailable=true")
    found = call(url, "POST", f"/{index}/_search?ignore_unavailable=true", body)
    lines = found["aggregations"]["lines"]
    squares = number * (number + 1) * (2 * number + 1) // 6
    held = (found["hits"]["total"]["value"], lines["min"], lines["max"], lines["sum"], lines["sum_of_squares"])
    return held == (number, 1, number, number * (number + 1) // 2, squares)


def log_lines(number: int, step_s: float = 0.001) -> str:
    """Return log lines, from two days before the end of a month on."""
    start = 1_769_731_200
    return "".join(
        f'{{"time":{start + n * step_s:.6f},"level":"info","message":"m{n}","n":{n}}}\n' for n in range(number)
    )
