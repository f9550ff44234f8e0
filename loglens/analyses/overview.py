"""Overview: what is in the database, in ten lines, and what to ask next."""

from __future__ import annotations

from loglens.analysis import Analysis

ANALYSIS = Analysis(
    name="overview",
    title="Overview",
    question="What is in the database, and what is worth asking next?",
    params=(),
    columns={
        "item": "What is told.",
        "value": "What there is of it.",
    },
    key=("item",),
    limit=0,
    spread="local",
    sql="""
        WITH records AS (
            SELECT
                count(*)        AS log_records,
                count(ts_ns)    AS timed,
                min(ts_ns)      AS first_ns,
                max(ts_ns)      AS last_ns
            FROM logs
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
        ),
        span_counts AS (
            SELECT
                count(*)        AS spans,
                count(start_ns) AS timed,
                min(start_ns)   AS first_ns,
                max(start_ns)   AS last_ns
            FROM spans
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
        ),
        beside AS (
            SELECT
                is_sample       AS is_sample,
                service         AS service,
                ts_ns           AS ts_ns
            FROM (
                SELECT true AS is_sample, service, ts_ns FROM metric_samples
                UNION ALL
                SELECT false, service, ts_ns FROM health_checks
            )
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
        ),
        beside_counts AS (
            SELECT
                count(*) FILTER (WHERE is_sample)       AS samples,
                count(*) FILTER (WHERE NOT is_sample)   AS responses,
                min(ts_ns)                              AS first_ns,
                max(ts_ns)                              AS last_ns
            FROM beside
        ),
        names AS (
            SELECT service
            FROM logs
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            UNION
            SELECT service
            FROM spans
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            UNION
            SELECT service
            FROM beside
            WHERE service IS NOT NULL
        ),
        services AS (
            SELECT
                service                                             AS service,
                row_number() OVER (ORDER BY service NULLS LAST)     AS number
            FROM names
        ),
        routes AS MATERIALIZED (
            SELECT
                service                                                               AS service,
                route                                                                 AS route,
                is_health                                                             AS is_health,
                count(*)                                                              AS requests,
                count(*) FILTER (WHERE is_error)                                      AS errors,
                count(*) FILTER (WHERE duration_ns >= 0)                              AS measured,
                quantile_disc(duration_ns, 0.99) FILTER (WHERE duration_ns >= 0)      AS p99_ns
            FROM requests
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            GROUP BY service, route, is_health
        ),
        request_counts AS (
            SELECT
                coalesce(sum(requests) FILTER (WHERE NOT is_health), 0)               AS requests,
                coalesce(sum(errors) FILTER (WHERE NOT is_health), 0)                 AS errors,
                coalesce(sum(requests - measured) FILTER (WHERE NOT is_health), 0)    AS unmeasured,
                coalesce(sum(requests) FILTER (WHERE is_health), 0)                   AS health_checks
            FROM routes
        ),
        slowest AS (
            SELECT
                *
            FROM routes
            WHERE
                NOT is_health
                AND p99_ns IS NOT NULL
            ORDER BY
                measured >= 299 DESC,
                p99_ns DESC,
                service ASC NULLS LAST,
                route ASC NULLS LAST
            LIMIT 1
        ),
        ledger AS (
            SELECT
                count(*)                                     AS sources,
                count(*) FILTER (WHERE state <> 'complete')  AS damaged,
                coalesce(sum(lines), 0)                      AS lines,
                coalesce(sum(rejects), 0)                    AS rejects,
                coalesce(sum(unread), 0)                     AS unread
            FROM sources
        ),
        facts AS (
            SELECT
                records.*,
                span_counts.spans                                  AS spans,
                log_records + spans - records.timed - span_counts.timed AS untimed,
                samples                                            AS samples,
                responses                                          AS responses,
                coalesce(least(records.first_ns, span_counts.first_ns), beside_counts.first_ns) AS begin_ns,
                coalesce(greatest(records.last_ns, span_counts.last_ns), beside_counts.last_ns) AS end_ns,
                request_counts.*,
                ledger.*
            FROM records, span_counts, beside_counts, request_counts, ledger
        ),
        lines AS (
            SELECT
                1 AS position,
                'time' AS item,
                strftime(make_timestamp_ns(begin_ns), '%Y-%m-%d %H:%M:%S') || ' to '
                || strftime(make_timestamp_ns(end_ns), '%Y-%m-%d %H:%M:%S') || ' UTC'
                || if(untimed > 0, format('; without a time: {:,}', untimed), '') AS value
            FROM facts
            UNION ALL
            SELECT
                2,
                'services',
                (
                    SELECT
                        string_agg(coalesce(service, '(none)'), ', ' ORDER BY number) FILTER (WHERE number <= 8)
                        || if(count(*) > 8, format(' and {:,} more', count(*) - 8), '')
                    FROM services
                )
            UNION ALL
            SELECT
                3,
                'sources',
                format('{:,}', sources) || if(sources = 1, ' file, ', ' files, ') || format('{:,}', lines::BIGINT)
                || if(lines = 1, ' line', ' lines')
                || if(damaged > 0, format('; damaged: {:,}', damaged), '')
            FROM facts
            UNION ALL
            SELECT 4, 'log records', format('{:,}', log_records)
            FROM facts
            UNION ALL
            SELECT
                5,
                'spans',
                format('{:,}', spans)
                || if(samples > 0, format('; metric samples: {:,}', samples), '')
                || if(responses > 0, format('; health responses: {:,}', responses), '')
            FROM facts
            UNION ALL
            SELECT
                6,
                'requests',
                format('{:,}', requests::BIGINT)
                || if(health_checks > 0, format('; health checks: {:,}', health_checks::BIGINT), '')
                || if(unmeasured > 0, format('; without a duration: {:,}', unmeasured::BIGINT), '')
            FROM facts
            UNION ALL
            SELECT
                7,
                'errors',
                if(requests > 0, format('{:.2f} % of requests ({:,})', 100 * errors / requests, errors::BIGINT), NULL)
            FROM facts
            UNION ALL
            SELECT
                8,
                'slowest route',
                (
                    SELECT
                        coalesce(service, '(none)') || ' ' || coalesce(route, '(none)')
                        || format(': p99 {:,.0f} ms; requests: {:,}', p99_ns / 1e6, requests)
                        || if(measured < 299, '; too few to be sure', '')
                    FROM slowest
                )
            UNION ALL
            SELECT
                9,
                'rejects',
                format('{:,}', rejects::BIGINT)
                || if(unread > 0, format('; of a kind not read yet: {:,}', unread::BIGINT), '')
            FROM facts
            UNION ALL
            SELECT
                10,
                'next',
                array_to_string(
                    list_filter(
                        [
                            if(sources = 0, 'loglens ingest PATH', NULL),
                            if(requests > 0, 'loglens findings', NULL),
                            if(requests > 0, 'loglens slow --p99', NULL),
                            if(errors > 0, 'loglens traces --errors', NULL),
                            if(requests = 0 AND spans > 0, 'loglens slow --by operation', NULL),
                            if(requests = 0 AND log_records > 0, 'loglens logs', NULL),
                            if(log_records = 0 AND spans = 0 AND sources > 0, 'loglens schema', NULL),
                            if(rejects > 0, 'loglens rejects', NULL)
                        ],
                        lambda command: command IS NOT NULL
                    ),
                    ', '
                )
            FROM facts
        )
        SELECT
            item,
            coalesce(value, 'none') AS value
        FROM lines
        ORDER BY position
    """,
    examples=("loglens", "loglens overview --service llm-api"),
)
