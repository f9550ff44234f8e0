"""logfmt into a DuckDB file by hand: `python -m benchmarks.peers.duckdb_logfmt LINES DATABASE`.

The columns that loglens fills from these lines. It knows the keys and their order, that times end in Z, that durations
are milliseconds and that no value has an escape, and takes the path as the route: no detection, no ledger, no rejects.
"""

from __future__ import annotations

import sys

import duckdb

LOAD = r"""
    CREATE TABLE logs AS
    SELECT
        epoch_ns(e.time::TIMESTAMP_NS)         AS ts_ns,
        e.level                                AS level,
        CASE e.level
            WHEN 'debug' THEN 5
            WHEN 'info' THEN 9
            WHEN 'warn' THEN 13
            WHEN 'error' THEN 17
            WHEN 'fatal' THEN 21
        END::TINYINT                           AS severity_number,
        e.service                              AS service,
        e.msg                                  AS message,
        e.request_id                           AS request_id,
        e.trace_id                             AS trace_id,
        e.span_id                              AS span_id,
        e.method                               AS http_method,
        e.path                                 AS path,
        e.path                                 AS route,
        e.status::SMALLINT                     AS status_code,
        (e.duration_ms::DOUBLE * 1000000)::BIGINT AS duration_ns,
        e.user_id                              AS user_id,
        json_object(
            'model',             e.model,
            'prompt_tokens',     e.prompt_tokens,
            'completion_tokens', e.completion_tokens,
            'stream',            e.stream,
            'region',            e.region
        )                                      AS attributes
    FROM (
        SELECT regexp_extract(
            line,
            '^time=(\S+) level=(\S+) service=(\S+) msg="([^"]*)" request_id=(\S+) trace_id=(\S+) span_id=(\S+) '
            || 'method=(\S+) path=(\S+) status=(\d+) duration_ms=(\S+) user_id=(\S+) model=(\S+) '
            || 'prompt_tokens=(\d+) completion_tokens=(\d+) stream=(\S+) region=(\S+)$',
            [
                'time', 'level', 'service', 'msg', 'request_id', 'trace_id', 'span_id', 'method', 'path', 'status',
                'duration_ms', 'user_id', 'model', 'prompt_tokens', 'completion_tokens', 'stream', 'region'
            ]
        ) AS e
        FROM read_csv(
            $file, columns = {'line': 'VARCHAR'}, header = false, delim = chr(1), quote = '', escape = '',
            auto_detect = false
        )
    )
"""

if __name__ == "__main__":
    with duckdb.connect(sys.argv[2]) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(LOAD, {"file": sys.argv[1]})
        connection.execute("CHECKPOINT")
        print(connection.execute("SELECT count(*) FROM logs").fetchall()[0][0])
