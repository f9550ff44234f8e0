"""Spans as the collector's file exporter writes them: `python -m benchmarks.inputs.otlp_spans OUT SPANS`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.inputs.text import DAY_NS, START_NS, fill, pick, random_ids, write_lines

SPANS_PER_LINE = 100


@dataclass(frozen=True)
class Step:
    """One span of a trace: its place in it, and when it runs as shares of the duration of the whole."""

    service: str
    kind: int
    parent: int
    family: str
    name: str
    begin: float
    share: float
    statement: str = ""


INTERNAL, SERVER, CLIENT = 1, 2, 3
STEPS = (
    Step("llm-api", SERVER, -1, "server", "", 0.0, 1.0),
    Step("llm-api", INTERNAL, 0, "internal", "check_token", 0.01, 0.05),
    Step("llm-api", CLIENT, 1, "database", "SELECT keys", 0.02, 0.03, "SELECT id, owner, quota FROM keys WHERE id = "),
    Step("llm-api", CLIENT, 0, "client", "POST /internal/responses", 0.08, 0.9),
    Step("response-api", SERVER, 3, "server", "POST /internal/responses", 0.09, 0.88),
    Step("response-api", INTERNAL, 4, "internal", "assemble_context", 0.1, 0.3),
    Step(
        "response-api",
        CLIENT,
        5,
        "database",
        "SELECT turns",
        0.11,
        0.12,
        "SELECT role, body FROM turns WHERE talk_id = ",
    ),
    Step(
        "response-api", CLIENT, 5, "database", "SELECT talks", 0.24, 0.1, "SELECT title, owner FROM talks WHERE id = "
    ),
    Step("response-api", CLIENT, 4, "client", "POST /tools/search", 0.42, 0.25),
    Step("mcp-tools", SERVER, 8, "server", "POST /tools/search", 0.43, 0.23),
    Step(
        "mcp-tools",
        CLIENT,
        9,
        "database",
        "SELECT pieces",
        0.44,
        0.12,
        "SELECT id, score FROM pieces WHERE index_id = ",
    ),
    Step("mcp-tools", INTERNAL, 9, "internal", "rank", 0.57, 0.08),
    Step("response-api", CLIENT, 4, "client", "POST /internal/media", 0.7, 0.2),
    Step("media-api", SERVER, 12, "server", "POST /internal/media", 0.71, 0.18),
)
# In some traces one parent asks for each row of a list by itself.
REPEATED = Step(
    "response-api", CLIENT, 5, "database", "SELECT files", 0.12, 0.01, "SELECT name, bytes FROM files WHERE id = "
)
REPEATS, REPEATED_SHARE = 30, 0.02
ROUTES = ("POST /v1/chat/completions", "POST /v1/responses", "POST /v1/assist", "POST /v1/batches", "POST /v1/media")
SERVICES = ("llm-api", "response-api", "media-api", "mcp-tools")


def _text(key: str, value: str) -> str:
    return f'{{"key":"{key}","value":{{"stringValue":"{value}"}}}}'


def _integer(key: str, value: str) -> str:
    return f'{{"key":"{key}","value":{{"intValue":"{value}"}}}}'


# Family of a step -> its attributes, where @ is filled from the columns that follow.
FAMILIES = {
    "server": (
        (
            _text("http.request.method", "@"),
            _text("http.route", "@"),
            _text("url.path", "@"),
            _text("url.scheme", "http"),
            _integer("http.response.status_code", "@"),
            _text("server.address", "10.0.3.12"),
            _integer("client.port", "@"),
            _integer("http.response.body.size", "@"),
        ),
        ("method", "path", "path", "code", "port", "size"),
    ),
    "client": (
        (
            _text("http.request.method", "@"),
            _text("url.full", "http://services.internal:8080@"),
            _integer("http.response.status_code", "@"),
            _text("server.address", "services.internal"),
            _integer("server.port", "8080"),
            _text("network.protocol.version", "1.1"),
            _integer("http.response.body.size", "@"),
        ),
        ("method", "path", "code", "size"),
    ),
    "database": (
        (
            _text("db.system", "postgresql"),
            _text("db.namespace", "platform"),
            _text("db.operation.name", "@"),
            _text("db.query.text", "@@"),
            _text("server.address", "postgres.internal"),
            _integer("server.port", "5432"),
            _integer("db.response.returned_rows", "@"),
        ),
        ("method", "statement", "literal", "rows"),
    ),
    "internal": (
        (
            _text("code.function", "@"),
            _integer("thread.id", "@"),
            _text("gen_ai.request.model", "large-1"),
            _integer("tokens", "@"),
        ),
        ("name", "rows", "size"),
    ),
}
SPAN = (
    '{"traceId":"@","spanId":"@","parentSpanId":"@","flags":256,"name":"@","kind":@,"startTimeUnixNano":"@",'
    '"endTimeUnixNano":"@","attributes":[@],"status":@}'
)
RESOURCE_SPANS = (
    '{"resource":{"attributes":['
    + ",".join(
        (
            _text("service.name", "@"),
            _text("service.version", "2.4.1"),
            _text("host.name", "node-3"),
            _text("telemetry.sdk.language", "go"),
            _text("deployment.environment.name", "production"),
        )
    )
    + ']},"scopeSpans":[{"scope":{"name":"otelhttp","version":"0.61.0"},"spans":[@]}]}'
)


def spans(count: int, seed: int = 0) -> pl.DataFrame:
    """Return the columns of that many spans of one day, in the order in which they end; the same for the same seed."""
    rng = np.random.default_rng(seed)
    traces = count // len(STEPS) + 1
    sizes = np.where(rng.random(traces) < REPEATED_SHARE, len(STEPS) + REPEATS, len(STEPS))
    firsts = np.cumsum(sizes) - sizes
    trace = np.repeat(np.arange(traces), sizes)
    place = np.arange(len(trace)) - firsts[trace]
    step = np.minimum(place, len(STEPS))
    repeat = np.maximum(place - len(STEPS), 0)
    every = (*STEPS, REPEATED)
    whole_ns = rng.lognormal(20.2, 0.7, traces)[trace]
    begins = np.array([each.begin for each in every])[step] + repeat * REPEATED.share
    start_ns = START_NS + np.sort(rng.integers(0, DAY_NS, traces))[trace] + (whole_ns * begins).astype(np.int64)
    shares = np.array([each.share for each in every])[step] * rng.uniform(0.7, 1, len(trace))
    parent = np.array([each.parent for each in every])[step]
    ids = random_ids(rng, len(trace), 16)
    is_failed = rng.random(len(trace)) < 0.01
    columns: dict[str, Any] = {
        "trace_id": random_ids(rng, traces, 32).gather(pl.Series(trace)),
        "span_id": ids,
        "parent_id": ids.gather(pl.Series(firsts[trace] + np.maximum(parent, 0))),
        "has_parent": parent >= 0,
        "family": pick([each.family for each in every], step),
        "service": pick([each.service for each in every], step),
        "kind": pick([each.kind for each in every], step),
        "step_name": pick([each.name for each in every], step),
        "route": pick(ROUTES, rng.choice(len(ROUTES), traces, p=[0.45, 0.3, 0.1, 0.05, 0.1])[trace]),
        "statement": pick([each.statement for each in every], step),
        "start_ns": start_ns,
        "end_ns": start_ns + np.maximum(20_000, whole_ns * shares).astype(np.int64),
        "code": np.where(is_failed, 503, 200),
        "status": pick(("{}", '{"message":"upstream error","code":2}'), is_failed.astype(int)),
        "literal": rng.integers(1, 10_000_000, len(trace)),
        "port": rng.integers(30_000, 60_000, len(trace)),
        "size": rng.integers(200, 90_000, len(trace)),
        "rows": rng.integers(0, 50, len(trace)),
    }
    name = pl.when(pl.col("step_name") == "").then(pl.col("route")).otherwise(pl.col("step_name"))
    words = pl.col("name").str.split(" ")
    return (
        pl.DataFrame(columns)
        .with_columns(name=name, parent_id=pl.when("has_parent").then("parent_id").otherwise(pl.lit("")))
        .with_columns(method=words.list.first(), path=words.list.last())
        .sort("end_ns", "span_id")
        .head(count)
    )


def otlp_lines(count: int) -> pl.Series:
    """Return that many spans as export requests, one a line."""
    attributes = pl.lit("")
    for family, (parts, names) in FAMILIES.items():
        filled = fill(",".join(parts), *names)
        attributes = pl.when(pl.col("family") == family).then(filled).otherwise(attributes)
    text = fill(SPAN, "trace_id", "span_id", "parent_id", "name", "kind", "start_ns", "end_ns", attributes, "status")
    written = spans(count).select(
        "service", line=pl.int_range(pl.len()) // SPANS_PER_LINE, order=pl.int_range(pl.len()), text=text
    )
    by_service = written.group_by("line", "service").agg(
        pl.col("order").min(), pl.col("text").sort_by("order").str.join(",")
    )
    resources = by_service.sort("line", "order").with_columns(text=fill(RESOURCE_SPANS, "service", "text"))
    requests = resources.group_by("line", maintain_order=True).agg(pl.col("text").str.join(","))
    return requests.select(fill('{"resourceSpans":[@]}', "text")).to_series()


if __name__ == "__main__":
    write_lines(Path(sys.argv[1]), otlp_lines(int(sys.argv[2])))
