"""The log lines as other frameworks write them: `python -m benchmarks.inputs.framework_lines NAME OUT LINES`.

NAME is a key of FRAMEWORKS, or `mixed`: each line by the next framework.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.inputs.log_lines import log_columns
from benchmarks.inputs.text import fill, write_lines

_ID = '"request_id":"req_@","trace_id":"@","span_id":"@"'
_REST = '"user_id":"user_@"@,"model":"@","prompt_tokens":@,"completion_tokens":@,"stream":@,"region":"@"'
_REST_COLUMNS = ("user", "error", "model", "prompt_tokens", "completion_tokens", "stream", "region")
_IDS = ("request_id", "trace_id", "span_id")
# What a line is made of, and the columns that fill it.
FRAMEWORKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pino": (
        '{"level":@,"time":@,"pid":17,"hostname":"node-3","name":"@","reqId":"req_@","trace_id":"@","span_id":"@",'
        f'"req":{{"method":"@","url":"@"}},"res":{{"statusCode":@}},"responseTime":@,{_REST},"msg":"@"}}',
        ("pino_level", "ms", "service", *_IDS, "method", "path", "status", "duration_ms", *_REST_COLUMNS, "message"),
    ),
    "ecs": (
        '{"@timestamp":"@","log.level":"@","message":"@","ecs.version":"8.11.0","service":{"name":"@"},'
        '"http":{"request":{"id":"req_@","method":"@"},"response":{"status_code":@}},"url":{"path":"@"},'
        f'"event":{{"duration":@}},"trace":{{"id":"@"}},"span":{{"id":"@"}},{_REST}}}',
        (
            "at", "ts", "level", "message", "service", "request_id", "method", "status", "path", "duration_ns",
            "trace_id", "span_id", *_REST_COLUMNS,
        ),
    ),
    "zap": (
        f'{{"level":"@","ts":@,"logger":"@","msg":"@",{_ID},"method":"@","path":"@","status":@,"duration":@,{_REST}}}',
        ("level", "s", "service", "message", *_IDS, "method", "path", "status", "duration_s", *_REST_COLUMNS),
    ),
    "slog": (
        '{"time":"@","level":"@","msg":"@","service":"@",'
        f'{_ID},"method":"@","path":"@","status":@,"duration":@,{_REST}}}',
        ("ts", "loud", "message", "service", *_IDS, "method", "path", "status", "duration_ns", *_REST_COLUMNS),
    ),
    "structlog": (
        '{"event":"@","logger":"@",'
        f'{_ID},"method":"@","path":"@","status":@,"duration_ms":@,{_REST},"level":"@","timestamp":"@"}}',
        ("message", "service", *_IDS, "method", "path", "status", "duration_ms", *_REST_COLUMNS, "level", "ts"),
    ),
    "serilog": (
        '{"@t":"@","@mt":"{RequestMethod} {RequestPath} gave {StatusCode}","@l":"@","@tr":"@","@sp":"@",'
        '"RequestMethod":"@","RequestPath":"@","StatusCode":@,"Elapsed":@,"RequestId":"req_@","SourceContext":"@",'
        f'{_REST}}}',
        (
            "at", "ts", "at", "at", "serilog_level", "at", "trace_id", "at", "span_id", "method", "path", "status",
            "duration_ms", "request_id", "service", *_REST_COLUMNS,
        ),
    ),
}  # fmt: skip
_PINO = {"info": "30", "warn": "40", "error": "50"}
_SERILOG = {"info": "Information", "warn": "Warning", "error": "Error"}


def framework_lines(name: str, count: int) -> pl.Series:
    """Return that many lines of a framework, or of all of them in turn."""
    ns = pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%S%.9fZ", time_unit="ns").cast(pl.Int64)
    columns = log_columns(count).with_columns(
        (ns // 1_000_000).alias("ms"),
        (ns / 1e9).round(6).alias("s"),
        (pl.col("duration_ms") / 1e3).round(6).alias("duration_s"),
        (pl.col("duration_ms") * 1e6).round().cast(pl.Int64).alias("duration_ns"),
        pl.col("level").str.to_uppercase().alias("loud"),
        pl.col("level").replace_strict(_PINO).alias("pino_level"),
        pl.col("level").replace_strict(_SERILOG).alias("serilog_level"),
        pl.lit("@").alias("at"),
    )
    columns = columns.with_row_index("place")
    wanted = list(FRAMEWORKS) if name == "mixed" else [name]
    lines = [
        columns.gather_every(len(wanted), turn).select("place", fill(template, *values).alias("line"))
        for turn, (template, values) in enumerate(FRAMEWORKS[each] for each in wanted)
    ]
    return pl.concat(lines).sort("place").get_column("line")


if __name__ == "__main__":
    write_lines(Path(sys.argv[2]), framework_lines(sys.argv[1], int(sys.argv[3])))
