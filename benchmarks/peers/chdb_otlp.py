"""OTLP JSON lines into a table of chDB: `python -m benchmarks.peers.chdb_otlp LINES FOLDER`.

The same columns as `duckdb_otlp`.
"""

from __future__ import annotations

import importlib
import sys

ATTRIBUTES = (
    "Array(Tuple(key String, value Tuple(stringValue Nullable(String), intValue Nullable(String),"
    " doubleValue Nullable(Float64), boolValue Nullable(Bool))))"
)
SPANS = (
    "Array(Tuple(traceId String, spanId String, parentSpanId String, name String, kind UInt8, startTimeUnixNano String,"
    f" endTimeUnixNano String, attributes {ATTRIBUTES}, status Tuple(message String, code UInt8)))"
)
COLUMNS = (
    f"resourceSpans Array(Tuple(resource Tuple(attributes {ATTRIBUTES}),"
    f" scopeSpans Array(Tuple(scope Tuple(name String, version String), spans {SPANS}))))"
)
MAKE = """
    CREATE TABLE bench.spans (
        trace_id String, span_id String, parent_span_id String, service LowCardinality(String),
        scope_name LowCardinality(String), name LowCardinality(String), kind UInt8, start_ns UInt64, duration_ns Int64,
        status UInt8, status_message LowCardinality(String), db_query String,
        attributes Map(LowCardinality(String), String)
    ) ENGINE = MergeTree ORDER BY (service, start_ns)
"""
LOAD = """
    INSERT INTO bench.spans
    SELECT
        span.traceId, span.spanId, span.parentSpanId, service, scope_name, span.name, span.kind,
        toUInt64(span.startTimeUnixNano), toInt64(span.endTimeUnixNano) - toInt64(span.startTimeUnixNano),
        span.status.code, span.status.message, pairs['db.query.text'], pairs
    FROM (
        SELECT
            service, scope_name, span,
            CAST((
                span.attributes.key,
                arrayMap(v -> coalesce(v.stringValue, v.intValue, toString(v.doubleValue), toString(v.boolValue), ''),
                    span.attributes.value)
            ), 'Map(LowCardinality(String), String)') AS pairs
        FROM (
            SELECT service, scope.scope.name AS scope_name, arrayJoin(scope.spans) AS span
            FROM (
                SELECT
                    arrayFirst(a -> a.key = 'service.name', resource.resource.attributes).value.stringValue AS service,
                    arrayJoin(resource.scopeSpans) AS scope
                FROM (
                    SELECT arrayJoin(resourceSpans) AS resource FROM file('{file}', 'JSONEachRow', '{columns}')
                )
            )
        )
    )
"""

if __name__ == "__main__":
    # Imported by name: type checks must not depend on whether it is installed.
    session = importlib.import_module("chdb.session").Session(sys.argv[2])
    session.query("CREATE DATABASE bench ENGINE = Atomic")
    session.query(MAKE)
    session.query(LOAD.format(file=sys.argv[1], columns=COLUMNS))
    print(session.query("SELECT count() FROM bench.spans", "TSV"), end="")
    session.close()
