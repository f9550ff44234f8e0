"""Log records into Elasticsearch by its own helper: `python -m benchmarks.peers.streaming_bulk DATABASE URL [tuned]`.

The same documents with the same ids, read from the store of loglens in batches, made as dictionaries and handed to
`helpers.streaming_bulk`: as it is, or tuned, with the quickest serializer and ten times as many in a request. No
ledger, no count at the end.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import duckdb
import orjson
from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk
from elasticsearch.serializer import JsonSerializer, OrjsonSerializer

RECORDS = """
    SELECT
        strftime(make_timestamp_ns(ts_ns), '%Y-%m-%dT%H:%M:%S.') || lpad((ts_ns % 1000000000)::VARCHAR, 9, '0') || 'Z',
        left(content_id, 20), uri, line, ordinal, message, level, logger, severity_number, duration_ns, service,
        instance, trace_id, span_id, request_id, user_id, error_type, error_message, http_method, path, route,
        status_code, attributes, resource, raw, strftime(make_timestamp_ns(ts_ns), '%Y.%m.%d')
    FROM logs JOIN sources USING (source_id)
    ORDER BY source_id, line, ordinal
"""
NAMES = (
    "@timestamp", "loglens.source", "log.file.path", "loglens.line", "loglens.ordinal", "message", "log.level",
    "log.logger", "event.severity", "event.duration", "service.name", "service.node.name", "trace.id", "span.id",
    "http.request.id", "user.id", "error.type", "error.message", "http.request.method", "url.path", "http.route",
    "http.response.status_code", "attributes", "resource", "event.original",
)  # fmt: skip


def actions(database: str) -> Iterator[dict[str, Any]]:
    """Yield each record as an action of the helper."""
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute(RECORDS)
        while rows := found.fetchmany(10_000):
            for row in rows:
                document = {name: value for name, value in zip(NAMES, row, strict=False) if value is not None}
                for name in ("attributes", "resource"):
                    if name in document:
                        document[name] = orjson.loads(document[name])
                document_id = f"{row[1]}-{row[3]}-{row[4]}"
                yield {
                    "_op_type": "create", "_index": f"loglens-logs-{row[-1]}", "_id": document_id, "_source": document,
                }  # fmt: skip


if __name__ == "__main__":
    is_tuned = sys.argv[3:] == ["tuned"]
    serializer = OrjsonSerializer() if is_tuned else JsonSerializer()
    with Elasticsearch(sys.argv[2], serializers={"application/json": serializer}) as client:
        taken = streaming_bulk(client, actions(sys.argv[1]), chunk_size=5_000 if is_tuned else 500)
        print(sum(1 for _ in taken))
