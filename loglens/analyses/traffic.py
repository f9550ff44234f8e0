"""Traffic: requests, errors and latency over time."""

from __future__ import annotations

from loglens.analysis import Analysis, Param
from loglens.buckets import BOUND, BUCKET, bind_buckets

ANALYSIS = Analysis(
    name="traffic",
    title="Traffic",
    question="How many requests came in over time, how many failed, and how long did they take?",
    params=(
        BUCKET,
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
    rows_named="requests",
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
    bound=BOUND,
    bind=bind_buckets,
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
