"""The columns of `slow --p99` by hand: `python -m benchmarks.peers.duckdb_slow DATABASE`.

It knows that the store holds no access records, and takes the limits of p99 from the normal approximation.
"""

from __future__ import annotations

import json
import sys

import duckdb

ASK = """
    WITH requests AS (
        SELECT
            service,
            coalesce(route, name)                                     AS route,
            duration_ns,
            trace_id,
            coalesce(status_code >= 500, false) OR status = 'ERROR'   AS is_error
        FROM spans
        WHERE kind IN ('SERVER', 'CONSUMER') OR (kind IN ('INTERNAL', 'UNSPECIFIED') AND parent_span_id IS NULL)
    ),
    measured AS (
        SELECT
            service,
            route,
            count(*)                                                              AS requests,
            count(*) FILTER (WHERE is_error)                                      AS errors,
            quantile_disc(duration_ns, [0.5, 0.9, 0.95, 0.98, 0.99, 0.999])       AS quantiles,
            max(duration_ns)                                                      AS longest,
            sum(duration_ns)                                                      AS total,
            floor(0.99 * count(*) - 1.96 * sqrt(0.0099 * count(*)))::BIGINT       AS low_rank,
            ceil(0.99 * count(*) + 1.96 * sqrt(0.0099 * count(*)))::BIGINT + 1    AS high_rank
        FROM requests
        GROUP BY service, route
    ),
    tails AS (
        SELECT
            requests.service,
            requests.route,
            list_sort(list(requests.duration_ns))                                 AS rising,
            min((requests.duration_ns, requests.trace_id)) FILTER (
                WHERE requests.duration_ns >= quantiles[5]
            )[2]                                                                  AS trace_id
        FROM requests
        JOIN measured
            ON requests.service = measured.service
            AND requests.route = measured.route
            AND requests.duration_ns >= measured.quantiles[4]
        GROUP BY requests.service, requests.route
    )
    SELECT
        service,
        route,
        requests,
        errors,
        quantiles[1] / 1e6                                        AS p50_ms,
        quantiles[2] / 1e6                                        AS p90_ms,
        quantiles[3] / 1e6                                        AS p95_ms,
        quantiles[5] / 1e6                                        AS p99_ms,
        quantiles[6] / 1e6                                        AS p999_ms,
        longest / 1e6                                             AS max_ms,
        total / 1e9                                               AS total_s,
        rising[len(rising) - requests + low_rank] / 1e6           AS low_ms,
        rising[len(rising) - requests + high_rank] / 1e6          AS high_ms,
        requests >= 299                                           AS enough,
        trace_id                                                  AS exemplar_trace_id
    FROM measured
    JOIN tails USING (service, route)
    WHERE regexp_extract(route, '([^/]*)/*$', 1) NOT IN (
        'health', 'healthz', 'livez', 'readyz', 'live', 'ready', 'ping', 'metrics'
    )
    ORDER BY enough DESC, p99_ms DESC
    LIMIT 20
"""

if __name__ == "__main__":
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        answer = connection.execute(ASK)
        names = [column[0] for column in answer.description or ()]
        print(json.dumps([dict(zip(names, row, strict=True)) for row in answer.fetchall()]))
