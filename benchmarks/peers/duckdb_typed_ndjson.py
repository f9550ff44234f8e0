"""NDJSON into a DuckDB file as a table of its keys: `python -m benchmarks.peers.duckdb_typed_ndjson LINES DATABASE`.

The least that can be asked: keys that are not named are lost, and no record can be read back as it was.
"""

from __future__ import annotations

import sys

import duckdb

LOAD = """
    CREATE TABLE logs AS
    SELECT
        * REPLACE (ts::TIMESTAMP_NS AS ts)
    FROM read_json($file, format := 'newline_delimited', columns := {
        ts: 'VARCHAR', level: 'VARCHAR', service: 'VARCHAR', message: 'VARCHAR', request_id: 'VARCHAR',
        trace_id: 'VARCHAR', span_id: 'VARCHAR', method: 'VARCHAR', path: 'VARCHAR', status: 'SMALLINT',
        duration_ms: 'DOUBLE', user_id: 'VARCHAR', error: 'VARCHAR',
        attributes: 'STRUCT(
            model VARCHAR, prompt_tokens INTEGER, completion_tokens INTEGER, stream BOOLEAN, region VARCHAR
        )'
    })
"""

if __name__ == "__main__":
    with duckdb.connect(sys.argv[2]) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(LOAD, {"file": sys.argv[1]})
        connection.execute("CHECKPOINT")
        print(connection.execute("SELECT count(*) FROM logs").fetchall()[0][0])
