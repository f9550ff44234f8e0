"""Concurrency: how many requests each instance has in flight over time, and how many calls each peer.

A sweep over starts and ends: a request counts from its start up to, and without, its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Param, Row, Value
from loglens.buckets import BOUND, BUCKET, bind_buckets
from loglens.scope import LAST_NS


def _bind(ranges: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    found = bind_buckets(ranges, values)
    # What still runs when the last bucket ends is counted up to there.
    end_ns = (found["first_bucket"] + found["buckets"]) * found["width_ns"]
    return {**found, "end_ns": min(end_ns, LAST_NS)}


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.flight_drawing import draw

    return draw(rows, width)


ANALYSIS = Analysis(
    name="concurrency",
    title="Requests and calls in flight",
    question="How many requests does each instance have in flight over time, and how many calls each peer?",
    params=(
        Param(
            "by", "both", "Requests by instance, outgoing calls by peer, or both.", choices=("both", "instance", "peer")
        ),
        BUCKET,
        Param("include_health", False, "Include health checks."),
    ),
    columns={
        "side": "instance (requests that it answers) or peer (calls that the service makes to it).",
        "service": "Service that answers, or that calls.",
        "name": "The instance, or the peer.",
        "bucket_ts": "Start of the bucket; buckets begin at whole multiples of their length.",
        "started": "Requests or calls that started in it.",
        "in_flight": "In flight at once, the mean over the bucket.",
        "max_in_flight": "In flight at once, at most.",
    },
    key=("side", "service", "name", "bucket_ts"),
    limit=0,
    needs=("trace_structure",),
    spread="local",
    draw=_draw,
    prepare="""
        SELECT
            min(start_ns) AS first_ns,
            max(start_ns) AS last_ns
        FROM (
            SELECT start_ns, service, duration_ns FROM requests
            UNION ALL
            SELECT start_ns, service, duration_ns FROM spans WHERE kind = 'CLIENT'
        ) AS intervals
        WHERE
            start_ns >= $since_ns
            AND start_ns < $until_ns
            AND duration_ns >= 0
            AND ($service IS NULL OR service = $service)
        ORDER BY first_ns
    """,
    bound=(*BOUND, "end_ns"),
    bind=_bind,
    sql="""
        WITH intervals AS (
            SELECT
                'instance'      AS side,
                service         AS service,
                instance        AS name,
                start_ns        AS start_ns,
                duration_ns     AS duration_ns
            FROM requests
            WHERE
                $by <> 'peer'
                AND ($include_health OR NOT is_health)
            UNION ALL
            SELECT
                'peer',
                service,
                coalesce(peer, '(unknown)'),
                start_ns,
                duration_ns
            FROM span_tree
            WHERE
                $by <> 'instance'
                AND kind = 'CLIENT'
        ),
        timed AS MATERIALIZED (
            SELECT
                side                                                                        AS side,
                service                                                                     AS service,
                name                                                                        AS name,
                start_ns                                                                    AS start_ns,
                least(coalesce(try(start_ns + duration_ns), $end_ns), $end_ns)::BIGINT      AS finish_ns
            FROM intervals
            WHERE
                start_ns >= $since_ns
                AND start_ns < $until_ns
                AND duration_ns >= 0
                AND ($service IS NULL OR service = $service)
        ),
        subjects AS MATERIALIZED (
            SELECT
                row_number() OVER ()    AS subject,
                side                    AS side,
                service                 AS service,
                name                    AS name
            FROM (SELECT DISTINCT side, service, name FROM timed) AS found
        ),
        numbered AS (
            SELECT
                subject         AS subject,
                start_ns        AS start_ns,
                finish_ns       AS finish_ns
            FROM timed
            JOIN subjects
                ON timed.side = subjects.side
                AND timed.service IS NOT DISTINCT FROM subjects.service
                AND timed.name IS NOT DISTINCT FROM subjects.name
        ),
        -- At the begin of each bucket an event that changes nothing, so that no level lasts beyond its bucket.
        events AS (
            SELECT subject, start_ns AS at_ns, if(finish_ns > start_ns, 1, 0) AS change, 1 AS started
            FROM numbered
            UNION ALL
            SELECT subject, finish_ns, -1, 0
            FROM numbered
            WHERE finish_ns > start_ns
            UNION ALL
            SELECT
                subject,
                greatest((bucket + $first_bucket)::HUGEINT * $width_ns, -9223372036854775808)::BIGINT,
                0,
                0
            FROM subjects, range($buckets::BIGINT) AS buckets(bucket)
        ),
        levels AS (
            SELECT
                subject                                                                             AS subject,
                at_ns                                                                               AS at_ns,
                change                                                                              AS change,
                started                                                                             AS started,
                sum(change) OVER (swept ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)           AS level,
                coalesce(lead(at_ns) OVER swept, $end_ns)                                           AS next_ns
            FROM events
            WINDOW swept AS (PARTITION BY subject ORDER BY at_ns, change)
        ),
        measures AS (
            SELECT
                subject                                                             AS subject,
                at_ns // $width_ns - if(at_ns % $width_ns < 0, 1, 0)                AS bucket,
                sum(started)                                                        AS started,
                sum(level * (next_ns::HUGEINT - at_ns))                             AS area,
                -- Of several that end at once each but the last leaves a level that never was.
                max(level) FILTER (WHERE change >= 0)                               AS peak
            FROM levels
            WHERE at_ns < $end_ns
            GROUP BY subject, bucket
        )
        SELECT
            side                                                                            AS side,
            service                                                                         AS service,
            name                                                                            AS name,
            make_timestamp_ns(
                greatest(bucket::HUGEINT * $width_ns, -9223372036854775806)::BIGINT
            )                                                                               AS bucket_ts,
            started::BIGINT                                                                 AS started,
            area / $width_ns                                                                AS in_flight,
            peak::BIGINT                                                                    AS max_in_flight
        FROM measures
        JOIN subjects USING (subject)
        ORDER BY
            side,
            max(peak) OVER (PARTITION BY subject) DESC,
            service ASC NULLS LAST,
            name ASC NULLS LAST,
            bucket
    """,
    examples=("loglens concurrency", "loglens concurrency --by peer --service llm-api --bucket 10s --since 10m"),
)
