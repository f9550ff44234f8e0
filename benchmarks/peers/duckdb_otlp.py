"""OTLP JSON lines into a DuckDB file by nested SQL: `python -m benchmarks.peers.duckdb_otlp LINES DATABASE`.

The types of the nested records are given, the lists are unnested level by level, attributes become a MAP; resource
attributes, the scope's version, events and links are not kept. It knows that ids are hex and numbers are text.
"""

from __future__ import annotations

import sys

import duckdb

VALUE = "STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue DOUBLE, boolValue BOOLEAN)"
ATTRIBUTES = f"STRUCT(key VARCHAR, value {VALUE})[]"
SPAN = (
    "STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, kind TINYINT,"
    f" startTimeUnixNano VARCHAR, endTimeUnixNano VARCHAR, attributes {ATTRIBUTES},"
    " status STRUCT(message VARCHAR, code TINYINT))"
)
SCOPE = f"STRUCT(scope STRUCT(name VARCHAR, version VARCHAR), spans {SPAN}[])"
RESOURCE = f"STRUCT(resource STRUCT(attributes {ATTRIBUTES}), scopeSpans {SCOPE}[])"

LOAD = """
    CREATE TABLE spans AS
    WITH resources AS (
        SELECT unnest(resourceSpans) AS resource
        FROM read_json($file, format := 'newline_delimited', maximum_object_size := 64000000,
            columns := {{resourceSpans: '{resource}[]'}})
    ),
    scopes AS (
        SELECT
            list_filter(resource.resource.attributes, lambda a: a.key = 'service.name')[1].value.stringValue AS service,
            unnest(resource.scopeSpans)                                                                    AS scope
        FROM resources
    ),
    flat AS (
        SELECT
            service,
            scope.scope.name    AS scope_name,
            unnest(scope.spans) AS span
        FROM scopes
    ),
    pairs AS (
        SELECT
            service,
            scope_name,
            span,
            map_from_entries(list_transform(span.attributes, lambda a: (
                a.key,
                coalesce(
                    a.value.stringValue, a.value.intValue, a.value.doubleValue::VARCHAR, a.value.boolValue::VARCHAR
                )
            ))) AS attributes
        FROM flat
    )
    SELECT
        span.traceId                                                       AS trace_id,
        span.spanId                                                        AS span_id,
        nullif(span.parentSpanId, '')                                      AS parent_span_id,
        service,
        scope_name,
        span.name                                                          AS name,
        span.kind                                                          AS kind,
        span.startTimeUnixNano::BIGINT                                     AS start_ns,
        span.endTimeUnixNano::BIGINT - span.startTimeUnixNano::BIGINT      AS duration_ns,
        span.status.code                                                   AS status,
        span.status.message                                                AS status_message,
        attributes['db.query.text']                                        AS db_query,
        attributes
    FROM pairs
"""

if __name__ == "__main__":
    with duckdb.connect(sys.argv[2]) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(LOAD.format(resource=RESOURCE), {"file": sys.argv[1]})
        connection.execute("CHECKPOINT")
        print(connection.execute("SELECT count(*) FROM spans").fetchall()[0][0])
