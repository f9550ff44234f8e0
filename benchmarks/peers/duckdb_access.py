"""An access log into a DuckDB file by hand: `python -m benchmarks.peers.duckdb_access LINES DATABASE`.

The columns that loglens fills from these lines. It knows the format, that times have an offset, and that numbers are
the only ids in a path: no detection, no ledger, no rejects, no stack traces.
"""

from __future__ import annotations

import sys

import duckdb

LOAD = r"""
    CREATE TABLE logs AS
    SELECT
        epoch_ns(strptime(e.time, '%d/%b/%Y:%H:%M:%S %z'))    AS ts_ns,
        'access'                                              AS service,
        e.method || ' ' || e.path || ' HTTP/' || e.protocol   AS message,
        e.method                                              AS http_method,
        e.path                                                AS path,
        regexp_replace(e.path, '/[0-9]+', '/{id}', 'g')       AS route,
        e.status::SMALLINT                                    AS status_code,
        json_object(
            'client.address',              e.client,
            'user.name',                   e.user,
            'http.response.body.size',     try_cast(e.size AS BIGINT),
            'http.request.header.referer', e.referer,
            'user_agent.original',         e.agent,
            'network.protocol.version',    e.protocol
        )                                                     AS attributes
    FROM (
        SELECT regexp_extract(
            line,
            '^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) HTTP/([^"]*)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"',
            ['client', 'user', 'time', 'method', 'path', 'protocol', 'status', 'size', 'referer', 'agent']
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
