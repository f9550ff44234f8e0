"""A store of spans, two in seven of them requests: `python -m benchmarks.inputs.span_store OUT SPANS`.

A first few are ingested, so that the store has a ledger like any other; the others go straight into the table.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb

import loglens
from benchmarks.inputs.otlp_spans import otlp_lines, spans
from benchmarks.inputs.text import DAY_NS, write_lines

INGESTED = 100
AT_ONCE = 1_000_000

INSERT = """
    INSERT INTO spans BY NAME
    SELECT
        (SELECT max(source_id) FROM sources)                                   AS source_id,
        row_number() OVER ()                                                   AS line,
        0                                                                      AS ordinal,
        trace_id,
        span_id,
        nullif(parent_id, '')                                                  AS parent_span_id,
        service,
        'node-3'                                                               AS instance,
        name,
        ['INTERNAL', 'SERVER', 'CLIENT'][kind]                                 AS kind,
        start_ns + $later_ns                                                   AS start_ns,
        end_ns - start_ns                                                      AS duration_ns,
        if(code = 503, 'ERROR', 'UNSET')                                       AS status,
        if(code = 503, 'upstream error', NULL)                                 AS status_message,
        if(family IN ('server', 'client'), method, NULL)                       AS http_method,
        if(family IN ('server', 'client'), path, NULL)                         AS path,
        if(family = 'server', path, NULL)                                      AS route,
        if(family IN ('server', 'client'), code, NULL)                         AS status_code,
        if(family = 'database', 'postgresql', NULL)                            AS db_system,
        if(family = 'database', statement || literal, NULL)                    AS db_query,
        'otelhttp'                                                             AS scope_name,
        json_object('thread.id', rows, 'size', size, 'port', port)             AS attributes,
        kind = 2                                                               AS is_entry
    FROM made
    ORDER BY end_ns
"""


def write_store(path: Path, count: int) -> None:
    """Write a store of that many spans, at a million a day."""
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "spans.jsonl"
        write_lines(few, otlp_lines(INGESTED))
        loglens.ingest(few, path)
    with duckdb.connect(path) as connection:
        for day, begin in enumerate(range(INGESTED, count, AT_ONCE)):
            connection.register("made", spans(min(AT_ONCE, count - begin), seed=day + 1))
            connection.execute(INSERT, {"later_ns": (day + 1) * DAY_NS})
        connection.execute("CHECKPOINT")


if __name__ == "__main__":
    write_store(Path(sys.argv[1]), int(sys.argv[2]))
