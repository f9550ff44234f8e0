"""What the server has of lines that are others now: documents in indices their records no longer go to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from loglens.push.fields import Stream
from loglens.push.items import Items
from loglens.push.names import Names
from loglens.push.server import WHOLE, Server

if TYPE_CHECKING:
    import duckdb

_PAGE = 10_000
# A source, and its lines from one to another.
Range = tuple[str, int, int]


def removals(server: Server, stream: Stream, names: Names, lines: Range, places: dict[str, str]) -> Iterator[Items]:
    """Yield items that remove the documents of some lines which are not where `places` says, by their ids."""
    for hits in _pages(server, f"/{names.replaced(stream.name)}", lines):
        found = [
            orjson.dumps({"delete": {"_index": hit["_index"], "_id": hit["_id"]}}) + b"\n"
            for hit in hits
            if places.get(hit["_id"]) != hit["_index"]
        ]
        if found:
            yield Items.of(found)


def places(
    connection: duckdb.DuckDBPyConnection, stream: Stream, names: Names, source_id: int, lines: Range
) -> dict[str, str]:
    """Return the index of each record of some lines, by the id of its document."""
    source_key, first, last = lines
    rows = connection.execute(
        f"SELECT concat($key, '-', line, '-', ordinal), {names.index_sql(stream.name, stream.time)} FROM {stream.name} "
        "WHERE source_id = $source_id AND line BETWEEN $first AND $last",
        {"key": source_key, "source_id": source_id, "first": first, "last": last},
    ).fetchall()
    return dict(rows)


def _pages(server: Server, path: str, lines: Range) -> Iterator[list[dict[str, Any]]]:
    source_key, first, last = lines
    limits = [{"term": {"loglens.source": source_key}}, {"range": {"loglens.line": {"gte": first, "lte": last}}}]
    body: dict[str, Any] = {
        "size": _PAGE,
        "_source": False,
        "query": {"bool": {"filter": limits}},
        # Copies of a record in several indices are told apart by the last of these.
        "sort": ["loglens.line", "loglens.ordinal", "_index"],
    }
    while True:
        quiet = "ignore_unavailable=true&allow_no_indices=true"
        found = server.call("POST", f"{path}/_search?{quiet}&{WHOLE}", body, missing={})
        hits = found.get("hits", {}).get("hits", [])
        if hits:
            yield hits
        if len(hits) < _PAGE:
            return
        body["search_after"] = hits[-1]["sort"]
