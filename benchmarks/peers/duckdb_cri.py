"""JSON lines of a container runtime into a DuckDB file by hand: `python -m benchmarks.peers.duckdb_cri LINES DATABASE`.

What duckdb_ndjson does for the lines within, and time and stream of the runtime. It knows that no line is in parts.
"""

from __future__ import annotations

import sys

import duckdb

LOAD = r"""
    CREATE TABLE logs AS
    SELECT
        epoch_ns(e[1]::TIMESTAMP_NS)           AS ts_ns,
        e[2]                                   AS level,
        CASE e[2]
            WHEN 'debug' THEN 5
            WHEN 'info' THEN 9
            WHEN 'warn' THEN 13
            WHEN 'error' THEN 17
            WHEN 'fatal' THEN 21
        END::TINYINT                           AS severity_number,
        e[3]                                   AS service,
        e[4]                                   AS message,
        e[5]                                   AS request_id,
        e[6]                                   AS trace_id,
        e[7]                                   AS span_id,
        e[8]                                   AS http_method,
        e[9]                                   AS path,
        e[9]                                   AS route,
        e[10]::SMALLINT                        AS status_code,
        (e[11]::DOUBLE * 1000000)::BIGINT      AS duration_ns,
        e[12]                                  AS user_id,
        e[13]                                  AS error_message,
        w.time                                 AS written_at,
        w.stream                               AS stream,
        w.record::JSON                         AS record
    FROM (
        SELECT
            w,
            json_extract_string(w.record, [
                '$.ts', '$.level', '$.service', '$.message', '$.request_id', '$.trace_id', '$.span_id', '$.method',
                '$.path', '$.status', '$.duration_ms', '$.user_id', '$.error'
            ]) AS e
        FROM (
            SELECT regexp_extract(
                line, '^(\S+) (stdout|stderr) ([FP]) (.*)$', ['time', 'stream', 'tag', 'record']
            ) AS w
            FROM read_csv(
                $file, columns = {'line': 'VARCHAR'}, header = false, delim = chr(1), quote = '', escape = '',
                auto_detect = false
            )
        )
    )
"""

if __name__ == "__main__":
    with duckdb.connect(sys.argv[2]) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(LOAD, {"file": sys.argv[1]})
        connection.execute("CHECKPOINT")
        print(connection.execute("SELECT count(*) FROM logs").fetchall()[0][0])
