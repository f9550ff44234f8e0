"""Traffic: requests, errors and latency over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.errors import UsageError
from loglens.scope import parse_length

_MS, _S, _MIN, _HOUR, _DAY = 10**6, 10**9, 60 * 10**9, 3_600 * 10**9, 86_400 * 10**9
_WIDTHS = (
    *(n * _MS for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * _S for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MIN for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 30, 90, 365, 3_650)),
)
# About thirty buckets show the shape of a day or of a minute on one screen.
_BUCKETS_WANTED = 40
_BUCKETS_ALLOWED = 100_000


def _parse_bucket(text: str) -> int:
    if text == "auto":
        return 0
    width = parse_length(text)
    if width <= 0:
        raise ValueError(f"{text!r} is not a length of time above zero")
    return width


def _bind(ranges: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    width = int(values["bucket"] or 0)
    first, last = ranges[0]["first_ns"], ranges[0]["last_ns"]
    if first is None:
        return {"width_ns": width or _S, "first_bucket": 0, "buckets": 0}
    if width == 0:
        width = next((each for each in _WIDTHS if last // each - first // each < _BUCKETS_WANTED), _WIDTHS[-1])
    buckets = last // width - first // width + 1
    if buckets > _BUCKETS_ALLOWED:
        raise UsageError(
            f"traffic: a bucket this short makes {buckets:,} of them."
            " Take a longer --bucket, or a part of the time with --since and --until."
        )
    return {"width_ns": width, "first_bucket": first // width, "buckets": buckets}


ANALYSIS = Analysis(
    name="traffic",
    title="Traffic",
    question="How many requests came in over time, how many failed, and how long did they take?",
    params=(
        Param(
            "bucket",
            "auto",
            "Length of a bucket, such as 10s, 1m or 1h; auto makes about thirty of them.",
            metavar="LENGTH",
            parse=_parse_bucket,
        ),
        Param("route", None, "Only this route, as `loglens slow` prints it."),
        Param("include_health", False, "Include health checks."),
    ),
    columns={
        "bucket_ts": "Start of the bucket; buckets begin at whole multiples of their length.",
        "requests": "Requests that started in it.",
        "errors": "Those of them that failed.",
        "error_ratio": "Share of requests that failed; null where there are none.",
        "p50_ms": "Half took no longer.",
        "p95_ms": "95 in 100 took no longer.",
        "p99_ms": "99 in 100 took no longer.",
    },
    key=("bucket_ts",),
    limit=0,
    spread="local",
    prepare="""
        SELECT
            min(start_ns) AS first_ns,
            max(start_ns) AS last_ns
        FROM requests
        WHERE
            start_ns >= $since_ns
            AND start_ns < $until_ns
            AND ($service IS NULL OR service = $service)
            AND ($route IS NULL OR route = $route)
            AND ($include_health OR NOT is_health)
        ORDER BY first_ns
    """,
    bound=("width_ns", "first_bucket", "buckets"),
    bind=_bind,
    sql="""
        WITH measures AS (
            SELECT
                start_ns // $width_ns - if(start_ns % $width_ns < 0, 1, 0)                    AS bucket,
                count(*)                                                                      AS requests,
                count(*) FILTER (WHERE is_error)                                              AS errors,
                quantile_disc(duration_ns, [0.5, 0.95, 0.99]) FILTER (WHERE duration_ns >= 0) AS quantiles
            FROM requests
            WHERE
                start_ns >= $since_ns
                AND start_ns < $until_ns
                AND ($service IS NULL OR service = $service)
                AND ($route IS NULL OR route = $route)
                AND ($include_health OR NOT is_health)
            GROUP BY bucket
        ),
        buckets AS (
            SELECT
                unnest(range($buckets::BIGINT)) + $first_bucket AS bucket
        )
        SELECT
            -- The first bucket may begin before the first time there is.
            make_timestamp_ns(
                greatest(bucket::HUGEINT * $width_ns, -9223372036854775806)::BIGINT
            )                             AS bucket_ts,
            coalesce(requests, 0)         AS requests,
            coalesce(errors, 0)           AS errors,
            errors / requests             AS error_ratio,
            quantiles[1] / 1e6            AS p50_ms,
            quantiles[2] / 1e6            AS p95_ms,
            quantiles[3] / 1e6            AS p99_ms
        FROM buckets
        LEFT JOIN measures USING (bucket)
        ORDER BY bucket
    """,
    examples=("loglens traffic", "loglens traffic --bucket 1m --since 2h --service llm-api"),
)
