"""NDJSON into a table of chDB: `python -m benchmarks.peers.chdb_ndjson LINES FOLDER`."""

from __future__ import annotations

import importlib
import sys

COLUMNS = """
    ts String, level LowCardinality(String), service LowCardinality(String), message LowCardinality(String),
    request_id String, trace_id String, span_id String, method LowCardinality(String), path LowCardinality(String),
    status UInt16, duration_ms Float64, user_id String, error String,
    attributes Tuple(model String, prompt_tokens UInt32, completion_tokens UInt32, stream Bool, region String)
"""
MAKE = f"""
    CREATE TABLE bench.logs (ts_time DateTime64(9, 'UTC'), {COLUMNS.replace("ts String,", "")})
    ENGINE = MergeTree ORDER BY (service, ts_time)
"""
LOAD = """
    INSERT INTO bench.logs
    SELECT
        parseDateTime64BestEffort(ts, 9, 'UTC'), level, service, message, request_id, trace_id, span_id, method, path,
        status, duration_ms, user_id, error, attributes
    FROM file('{file}', 'JSONEachRow', '{columns}')
"""

if __name__ == "__main__":
    # Imported by name: type checks must not depend on whether it is installed.
    session = importlib.import_module("chdb.session").Session(sys.argv[2])
    session.query("CREATE DATABASE bench ENGINE = Atomic")
    session.query(MAKE)
    session.query(LOAD.format(file=sys.argv[1], columns=" ".join(COLUMNS.split())))
    print(session.query("SELECT count() FROM bench.logs", "TSV"), end="")
    session.close()
