"""N+1: calls that one request makes again and again, where one would do, and what that costs.

Calls are grouped inside one invocation of a service, by what they call and not by their parent: loops are found when
they interleave, run under wrappers, or across services. What batching saves is computed request by request: of the
time the request waited for the calls only the longest of them stays, or the other work that ran beside them.
"""

from __future__ import annotations

import re

from loglens.analysis import Analysis, Param, Value

# Work that is done once, when a service starts or an operator asks for it, may take its time.
_BY_DESIGN = r"(?i)warm.?up|preload|prefetch|migrat|backfill|bootstrap|start.?up|\bseed"
# What a narrow table leaves out, first to go first.
_ASIDE = """
    is_write is_truncated steps told_by callee kind code first_ts last_ts turn_ratio paging_ratio items_per_call
    hidden_ratio pause_p50_ms concurrency rounds sequential_ratio growth distinct_ratio time_ratio_max together_max_ms
    calls_p95 request_ratio total_s time_ratio pattern together_p50_ms calls_max p50_ms p50_batched_ms saved_p50_ms
    exemplar_trace_id shape requests p95_batched_ms p95_ms
""".split()
PATTERNS = ("n_plus_one", "redundant", "fan_out", "paging", "batched", "agent_loop", "mixed", "any")


def _regex(text: str) -> Value:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}.") from error
    return text


ANALYSIS = Analysis(
    name="n_plus_one",
    title="Repeated calls",
    question="Which requests make the same call again and again, and what would they save with one?",
    params=(
        Param(
            "pattern",
            "n_plus_one",
            "What the calls are: n_plus_one (one after another, with other values), redundant (the same values),"
            " fan_out (many at once), or what looks like them and is none.",
            choices=PATTERNS,
        ),
        Param("min_calls", 5, "Count a request where it makes the call at least this often."),
        Param("min_ms", 50.0, "Count it where the calls take at least this together."),
        Param("min_time_ratio", 0.2, "Or where they take at least this share of the request."),
        Param("many_calls", 25, "Or where they are at least this many, however quick."),
        Param("min_sequential_ratio", 0.8, "Calls are one after another where this share waits for the one before."),
        Param("max_parallel_ratio", 0.5, "They are at once where at most this share does."),
        Param("max_distinct_ratio", 0.5, "They are the same where at most this share has values of its own."),
        Param("max_items", 50.0, "They are batches where each does this much at once."),
        Param("max_turn_ratio", 0.2, "They are turns of an agent where a language model is asked before this share."),
        Param("leave_out", _BY_DESIGN, "Leave out routes that match this regular expression.", parse=_regex),
        Param("route", None, "Only this route, as it is printed."),
        Param("trace_id", None, "Only this trace."),
    ),
    columns={
        "service": "Service that makes the calls.",
        "route": "Route they are made for; the span name where there is none.",
        "pattern": "What they are: n_plus_one, redundant, fan_out, or what looks like them and is none.",
        "shape": "What is called: statement, command or request without its values; several that take turns, with ;.",
        "call": "The same in short: verb, and what it is about.",
        "kind": "sql, redis, document, http, grpc, messaging, llm or call.",
        "callee": "Service that answers, where its spans are known.",
        "is_write": "Whether the calls change something.",
        "steps": "How many calls take turns.",
        "told_by": "What tells of them: spans, or log records with a trace, request or session in common.",
        "looping_requests": "Requests that make the call that often.",
        "requests": "Requests of the route; where log records name none, all that share a trace, request or session.",
        "request_ratio": "Share of them.",
        "calls_p50": "Calls in half of these requests, at most.",
        "calls_p95": "Calls in 95 of 100 of these requests, at most.",
        "calls_max": "Calls in the request with most of them.",
        "sequential_ratio": "Share of the calls that began after the one before had ended.",
        "distinct_ratio": "Share of the calls with values of their own; hidden ones count as such.",
        "hidden_ratio": "Share of the calls whose values are hidden.",
        "items_per_call": "Rows, keys or commands that a call does at once.",
        "paging_ratio": "Share of the calls that ask for the next page.",
        "turn_ratio": "Share of the calls before which a language model was asked.",
        "pause_p50_ms": "Half of the pauses between calls are no longer.",
        "concurrency": "Calls that run at once, at most.",
        "rounds": "Calls of a request for each that runs at once, at most.",
        "together_p50_ms": "Time in which calls run, in half of these requests, at most.",
        "together_max_ms": "The same in the request in which it is longest.",
        "time_ratio": "Share of the request in which calls run, in half of these requests, at most.",
        "time_ratio_max": "The same in the request in which it is largest.",
        "excess_s": "Time these requests would not have taken with one call in place of all, together.",
        "total_s": "Time these requests took, together.",
        "saved_p50_ms": "What half of these requests would save, at most.",
        "p50_ms": "Half of these requests took no longer.",
        "p50_batched_ms": "The same with one call in place of all.",
        "p95_ms": "95 of 100 of these requests took no longer.",
        "p95_batched_ms": "The same with one call in place of all.",
        "growth": "Rank correlation of the calls with the duration of the request: near 1 where it grows with them.",
        "is_truncated": "Whether the text was cut off where it was recorded.",
        "code": "Code that makes the call, where spans say.",
        "first_ts": "First of these calls.",
        "last_ts": "Last of them.",
        "exemplar_trace_id": "A request with as many calls as half of them.",
    },
    key=("service", "route", "pattern", "shape", "told_by"),
    aside=lambda _: _ASIDE,
    needs=("trace_structure",),
    spread="trace",
    sql="""
        WITH found AS MATERIALIZED (
            SELECT
                *
            FROM call_loops(
                $pattern, $min_calls, $min_ms, $min_time_ratio, $many_calls, $min_sequential_ratio, $max_parallel_ratio,
                $max_distinct_ratio, $max_items, $max_turn_ratio, $leave_out, $route,
                $since_ns, $until_ns, $service, $trace_id
            )
        ),
        keys AS MATERIALIZED (
            SELECT
                row_number() OVER ()                                    AS key,
                service, route, pattern, what, told_by,
                quantile_disc(calls, 0.5)                               AS calls_p50
            FROM found
            GROUP BY service, route, pattern, what, told_by
        ),
        ranked AS MATERIALIZED (
            SELECT
                keys.key                                                AS key,
                calls_p50                                               AS calls_p50,
                found.*,
                rank() OVER (PARTITION BY keys.key ORDER BY calls)
                + count(*) OVER (PARTITION BY keys.key, calls) / 2      AS calls_rank,
                rank() OVER (PARTITION BY keys.key ORDER BY duration_ns)
                + count(*) OVER (PARTITION BY keys.key, duration_ns) / 2 AS duration_rank
            FROM found
            JOIN keys
                ON found.service IS NOT DISTINCT FROM keys.service
                AND found.route IS NOT DISTINCT FROM keys.route
                AND found.pattern = keys.pattern
                AND found.what = keys.what
                AND found.told_by = keys.told_by
        ),
        served AS (
            SELECT
                'spans'                                                 AS told_by,
                service                                                 AS service,
                operation                                               AS route,
                count(*)                                                AS requests
            FROM span_structure
            WHERE
                is_entry
                AND begin_ns IS NOT NULL
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($trace_id IS NULL OR trace_id = $trace_id)
                AND operation IN (SELECT route FROM keys WHERE told_by = 'spans')
            GROUP BY service, operation
            UNION ALL
            SELECT
                keys.told_by                                            AS told_by,
                keys.service                                            AS service,
                keys.route                                              AS route,
                count(*)                                                AS requests
            FROM all_requests
            JOIN (SELECT DISTINCT told_by, service, route FROM keys WHERE told_by <> 'spans') AS keys
                ON all_requests.service IS NOT DISTINCT FROM keys.service
                AND all_requests.route = keys.route
            WHERE in_scope(start_ns, $since_ns, $until_ns)
            GROUP BY keys.told_by, keys.service, keys.route
            UNION ALL
            SELECT
                told_by                                                 AS told_by,
                service                                                 AS service,
                NULL                                                    AS route,
                count(DISTINCT unit)                                    AS requests
            FROM calls_made
            WHERE
                told_by <> 'spans'
                AND told_by IN (SELECT told_by FROM keys WHERE route IS NULL)
            GROUP BY told_by, service
        ),
        totals AS (
            SELECT
                key                                                     AS key,
                any_value(calls_p50)                                    AS calls_p50,
                count(*)                                                AS looping_requests,
                min(call)                                               AS call,
                string_agg(DISTINCT kind, ', ' ORDER BY kind)           AS kind,
                max(callee)                                             AS callee,
                bool_and(is_write)                                      AS is_write,
                max(steps)                                              AS steps,
                quantile_disc(calls, 0.95)                              AS calls_p95,
                max(calls)                                              AS calls_max,
                if(any_value(pattern) = 'fan_out', max(sequential_ratio), min(sequential_ratio)) AS sequential_ratio,
                if(any_value(pattern) = 'redundant', max(distinct_ratio), min(distinct_ratio)) AS distinct_ratio,
                max(hidden_ratio)                                       AS hidden_ratio,
                max(items_per_call)                                     AS items_per_call,
                max(paging_ratio)                                       AS paging_ratio,
                max(turn_ratio)                                         AS turn_ratio,
                quantile_disc(pause_ns, 0.5)                            AS pause_ns,
                max(concurrency)                                        AS concurrency,
                max(rounds)                                             AS rounds,
                quantile_disc(together_ns, 0.5)                         AS together_p50_ns,
                max(together_ns)                                        AS together_max_ns,
                quantile_disc(together_ns / nullif(duration_ns, 0), 0.5) AS time_ratio,
                max(together_ns / nullif(duration_ns, 0))               AS time_ratio_max,
                sum(saved_ns)                                           AS excess_ns,
                sum(duration_ns)                                        AS total_ns,
                quantile_disc(saved_ns, 0.5)                            AS saved_ns,
                quantile_disc(duration_ns, 0.5)                         AS p50_ns,
                quantile_disc(duration_ns, 0.95)                        AS p95_ns,
                quantile_disc(duration_ns - saved_ns, 0.5)              AS p50_batched_ns,
                quantile_disc(duration_ns - saved_ns, 0.95)             AS p95_batched_ns,
                corr(calls_rank, duration_rank)                         AS growth,
                bool_or(is_truncated)                                   AS is_truncated,
                min(first_ns)                                           AS first_ns,
                max(last_ns)                                            AS last_ns,
                min((abs(calls - calls_p50), trace_id, place))          AS exemplar
            FROM ranked
            GROUP BY key
        ),
        coded AS (
            SELECT
                source_id                                               AS source_id,
                line                                                    AS line,
                ordinal                                                 AS ordinal,
                min(code_of(attributes))                                AS code
            FROM spans
            WHERE (source_id, line, ordinal) IN (
                SELECT (exemplar[3].source_id, exemplar[3].line, exemplar[3].ordinal) FROM totals
            )
            GROUP BY source_id, line, ordinal
        )
        SELECT
            keys.service                                                AS service,
            keys.route                                                  AS route,
            keys.pattern                                                AS pattern,
            keys.what                                                   AS shape,
            call                                                        AS call,
            kind                                                        AS kind,
            callee                                                      AS callee,
            is_write                                                    AS is_write,
            steps                                                       AS steps,
            keys.told_by                                                AS told_by,
            looping_requests                                            AS looping_requests,
            requests                                                    AS requests,
            looping_requests / requests                                 AS request_ratio,
            totals.calls_p50::BIGINT                                    AS calls_p50,
            calls_p95::BIGINT                                           AS calls_p95,
            calls_max::BIGINT                                           AS calls_max,
            sequential_ratio                                            AS sequential_ratio,
            distinct_ratio                                              AS distinct_ratio,
            hidden_ratio                                                AS hidden_ratio,
            items_per_call                                              AS items_per_call,
            paging_ratio                                                AS paging_ratio,
            turn_ratio                                                  AS turn_ratio,
            pause_ns / 1e6                                              AS pause_p50_ms,
            concurrency::BIGINT                                         AS concurrency,
            rounds                                                      AS rounds,
            together_p50_ns / 1e6                                       AS together_p50_ms,
            together_max_ns / 1e6                                       AS together_max_ms,
            time_ratio                                                  AS time_ratio,
            time_ratio_max                                              AS time_ratio_max,
            excess_ns / 1e9                                             AS excess_s,
            total_ns / 1e9                                              AS total_s,
            saved_ns / 1e6                                              AS saved_p50_ms,
            p50_ns / 1e6                                                AS p50_ms,
            p50_batched_ns / 1e6                                        AS p50_batched_ms,
            p95_ns / 1e6                                                AS p95_ms,
            p95_batched_ns / 1e6                                        AS p95_batched_ms,
            if(isfinite(growth), round(growth, 9), NULL)                AS growth,
            is_truncated                                                AS is_truncated,
            code                                                        AS code,
            make_timestamp_ns(first_ns)                                 AS first_ts,
            make_timestamp_ns(last_ns)                                  AS last_ts,
            exemplar[2]                                                 AS exemplar_trace_id
        FROM totals
        JOIN keys USING (key)
        LEFT JOIN served
            ON keys.told_by = served.told_by
            AND keys.service IS NOT DISTINCT FROM served.service
            AND keys.route IS NOT DISTINCT FROM served.route
        LEFT JOIN coded
            ON exemplar[3].source_id = coded.source_id
            AND exemplar[3].line = coded.line
            AND exemplar[3].ordinal = coded.ordinal
            AND keys.told_by = 'spans'
        ORDER BY
            excess_s DESC,
            keys.service ASC NULLS LAST,
            keys.route ASC NULLS LAST,
            keys.what ASC,
            keys.pattern ASC,
            keys.told_by ASC
    """,
    examples=(
        "loglens n-plus-one",
        "loglens n-plus-one --service llm-api --since 2h",
        "loglens n-plus-one --pattern redundant --min-calls 2 --min-ms 0",
        "loglens n-plus-one traces/",
    ),
)
