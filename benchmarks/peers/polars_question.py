"""Percentiles by path and counts by status with Polars: `python -m benchmarks.peers.polars_question LINES`."""

from __future__ import annotations

import json
import sys

import polars as pl

QUANTILES = (0.5, 0.95, 0.99)

if __name__ == "__main__":
    schema = {"path": pl.String(), "status": pl.Int64(), "duration_ms": pl.Float64()}
    lines = pl.scan_ndjson(sys.argv[1], schema=schema)
    quantiles = [pl.col("duration_ms").quantile(quantile, "higher").alias(f"{quantile}") for quantile in QUANTILES]
    by_path, by_status = pl.collect_all(
        [
            lines.group_by(key="path").agg(pl.len().alias("requests"), *quantiles),
            lines.group_by(key="status").agg(pl.len().alias("requests"), *quantiles),
        ]
    )
    print(json.dumps([*by_path.to_dicts(), *by_status.to_dicts()]))
