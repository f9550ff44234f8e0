"""Correlation: how the log records of each service were linked to spans, and how many."""

from __future__ import annotations

from loglens.analysis import Analysis

ANALYSIS = Analysis(
    name="correlation",
    title="Correlation of logs and traces",
    question="Which log records belong to spans, how is that known, and how many are left?",
    params=(),
    columns={
        "service": "Service that wrote the records.",
        "method": "How their place was found: ids (trace and span id), trace_time (trace id, and their time inside one"
        " span), request_id (as another record has it with a trace), traceparent (in the comment of a statement),"
        " session (the statement before it in the same session), thread_time (the only request in flight), or none.",
        "inferred": "Whether that is inferred, not named by the records.",
        "records": "Log records.",
        "record_ratio": "Share of the records of the service.",
        "in_spans": "Those of which the span is certain; of the others only the trace is.",
        "exemplar_trace_id": "A trace with one.",
    },
    key=("service", "method"),
    rows_named="log records",
    limit=0,
    needs=("correlation",),
    aside=lambda _: ("exemplar_trace_id",),
    spread="local",
    sql="""
        WITH written AS (
            SELECT
                service                                             AS service,
                count(*)                                            AS records
            FROM logs
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            GROUP BY service
        ),
        linked AS (
            SELECT
                service                                             AS service,
                method                                              AS method,
                count(*)                                            AS records,
                count(span_id)                                      AS in_spans,
                min(trace_id)                                       AS exemplar_trace_id
            FROM log_links
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            GROUP BY service, method
        ),
        methods AS (
            SELECT * FROM linked
            UNION ALL
            SELECT
                written.service                                     AS service,
                'none'                                              AS method,
                any_value(written.records) - coalesce(sum(linked.records), 0)::BIGINT AS records,
                0                                                   AS in_spans,
                NULL                                                AS exemplar_trace_id
            FROM written
            LEFT JOIN linked ON written.service IS NOT DISTINCT FROM linked.service
            GROUP BY written.service
        )
        SELECT
            methods.service                                         AS service,
            method                                                  AS method,
            method NOT IN ('ids', 'traceparent', 'none')            AS inferred,
            methods.records                                         AS records,
            methods.records / written.records                       AS record_ratio,
            in_spans                                                AS in_spans,
            exemplar_trace_id                                       AS exemplar_trace_id
        FROM methods
        JOIN written ON methods.service IS NOT DISTINCT FROM written.service
        WHERE methods.records > 0
        ORDER BY
            service ASC NULLS LAST,
            records DESC,
            method ASC
    """,
    examples=("loglens correlation", "loglens correlation --service llm-api --format json"),
)
