"""NDJSON into a Parquet file with Polars: `python -m benchmarks.peers.polars_ndjson LINES PARQUET`."""

from __future__ import annotations

import sys

import polars as pl

TEXTS = ("ts", "level", "service", "message", "request_id", "trace_id", "span_id", "method", "path", "user_id", "error")
ATTRIBUTES = pl.Struct(
    {
        "model": pl.String,
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "stream": pl.Boolean,
        "region": pl.String,
    }
)
SCHEMA = dict.fromkeys(TEXTS, pl.String()) | {
    "status": pl.Int64(),
    "duration_ms": pl.Float64(),
    "attributes": ATTRIBUTES,
}

if __name__ == "__main__":
    time = pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ns")
    pl.scan_ndjson(sys.argv[1], schema=SCHEMA).with_columns(time).sink_parquet(sys.argv[2])
    print(pl.scan_parquet(sys.argv[2]).select(pl.len()).collect().item())
