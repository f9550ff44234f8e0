"""Log lines of a web service as NDJSON, about 430 bytes a line: `python -m benchmarks.inputs.log_lines OUT LINES`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.inputs.text import DAY_NS, START_NS, lines_of, pick, random_ids, write_lines

# Method, path, share of the requests, typical milliseconds.
ROUTES = (
    ("POST", "/v1/chat/completions", 0.36, 850.0),
    ("POST", "/v1/responses", 0.22, 1100.0),
    ("POST", "/v1/embeddings", 0.11, 55.0),
    ("GET", "/v1/models", 0.06, 7.0),
    ("POST", "/v1/media", 0.03, 240.0),
    ("GET", "/v1/media", 0.05, 35.0),
    ("POST", "/v1/media/transcode", 0.01, 1900.0),
    ("GET", "/v1/conversations", 0.05, 24.0),
    ("POST", "/v1/conversations", 0.03, 31.0),
    ("POST", "/v1/tools/invoke", 0.03, 130.0),
    ("GET", "/v1/usage", 0.02, 75.0),
    ("POST", "/v1/tokens/count", 0.02, 4.0),
    ("GET", "/healthz", 0.01, 0.6),
)
STATUSES = (
    (200, 0.945),
    (201, 0.012),
    (400, 0.012),
    (401, 0.006),
    (404, 0.006),
    (429, 0.009),
    (500, 0.006),
    (503, 0.004),
)
ERRORS = {
    500: "upstream: context deadline exceeded",
    503: "pool: no connection became free",
    429: "quota: too many tokens",
}

LINE = (
    '{"ts":"@","level":"@","service":"@","message":"@","request_id":"req_@","trace_id":"@","span_id":"@",'
    '"method":"@","path":"@","status":@,"duration_ms":@,"user_id":"user_@"@,'
    '"attributes":{"model":"@","prompt_tokens":@,"completion_tokens":@,"stream":@,"region":"@"}}'
)


def log_columns(count: int) -> pl.DataFrame:
    """Return the values of that many records, in order of time and of LINE, the same ones every time."""
    rng = np.random.default_rng(3)
    route = rng.choice(len(ROUTES), count, p=[share for _, _, share, _ in ROUTES])
    status = rng.choice([code for code, _ in STATUSES], count, p=[share for _, share in STATUSES])
    typical_ms = np.array([ms for _, _, _, ms in ROUTES])[route]
    ts_ns = START_NS + np.sort(rng.integers(0, DAY_NS, count))
    failed, refused = status >= 500, status >= 400
    return pl.DataFrame(
        {
            "ts": pl.Series(ts_ns).cast(pl.Datetime("ns")).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ"),
            "level": np.where(failed, "error", np.where(refused, "warn", "info")),
            "service": pick(
                ("llm-api", "response-api", "media-api", "mcp-tools"), rng.choice(4, count, p=[0.5, 0.3, 0.1, 0.1])
            ),
            "message": np.where(failed, "request failed", np.where(refused, "request refused", "request completed")),
            "request_id": random_ids(rng, count, 16),
            "trace_id": random_ids(rng, count, 32),
            "span_id": random_ids(rng, count, 16),
            "method": pick([method for method, _, _, _ in ROUTES], route),
            "path": pick([path for _, path, _, _ in ROUTES], route),
            "status": status,
            "duration_ms": np.round(typical_ms * rng.lognormal(0, 0.8, count), 3),
            "user": rng.integers(1, 50_000, count),
            "error": pl.Series(status).replace_strict(
                {code: f',"error":"{text}"' for code, text in ERRORS.items()}, default="", return_dtype=pl.String
            ),
            "model": pick(("small-1", "large-1", "embed-1"), rng.choice(3, count, p=[0.5, 0.4, 0.1])),
            "prompt_tokens": rng.integers(20, 6_000, count),
            "completion_tokens": rng.integers(1, 900, count),
            "stream": pick(("true", "false"), rng.integers(0, 2, count)),
            "region": pick(("eu-west-1", "us-east-1", "ap-south-1"), rng.integers(0, 3, count)),
        }
    )


def log_lines(count: int) -> pl.Series:
    """Return that many lines."""
    return lines_of(LINE, log_columns(count))


if __name__ == "__main__":
    write_lines(Path(sys.argv[1]), log_lines(int(sys.argv[2])))
