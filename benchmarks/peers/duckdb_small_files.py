"""Many files of NDJSON into a DuckDB file by hand: `python -m benchmarks.peers.duckdb_small_files FOLDER DATABASE`.

The statement of `duckdb_ndjson`, once for each file and each in a transaction of its own, as an ingest does that can be
killed after any file. No ledger beside.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.peers.duckdb_ndjson import LOAD

INSERT = LOAD.replace("CREATE TABLE logs AS", "INSERT INTO logs")

if __name__ == "__main__":
    first, *others = map(str, sorted(Path(sys.argv[1]).iterdir()))
    with duckdb.connect(sys.argv[2]) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(LOAD, {"file": first})
        for file in others:
            connection.execute(INSERT, {"file": file})
        connection.execute("CHECKPOINT")
        print(connection.execute("SELECT count(*) FROM logs").fetchall()[0][0])
