"""What log records are linked to: the spans, as numbers, and the requests each instance had in flight."""

from __future__ import annotations

TABLES = ("span_times", "in_flight")


def trace_sql(trace_id: str) -> str:
    """Return the hash of a trace id in any spelling: dashes, upper case, 64 bits of 128; null where it is none."""
    spelled = f"lower(replace({trace_id}, '-', ''))"
    return f"""CASE
        WHEN length({trace_id}) = 32 AND {trace_id} <> repeat('0', 32) THEN id_hash(lower({trace_id}))
        WHEN {trace_id} IS NULL OR trim({trace_id}, '0-') = '' THEN NULL
        ELSE id_hash(lpad({spelled}, greatest(32, length({spelled}))::INTEGER, '0'))
    END"""


# Records are timed by the clock of their own service, as its spans are before clocks are corrected.
SPAN_TIMES = f"""
    CREATE TEMP TABLE span_times AS
    SELECT
        rowid                                       AS i,
        {trace_sql("trace_id")}                     AS trace,
        id_hash(span_id)                            AS span,
        coalesce(service, '')                       AS service,
        coalesce(instance, '')                      AS instance,
        is_entry                                    AS is_entry,
        kind IN ('CLIENT', 'PRODUCER')              AS is_call,
        begin_of(start_ns)                          AS begin_ns,
        finish_of(start_ns, duration_ns)            AS finish_ns
    FROM spans
"""  # noqa: S608
# With the latest end of any that began before it: where that is over, a request is the only one.
IN_FLIGHT = """
    CREATE TEMP TABLE in_flight AS
    SELECT
        i                                           AS i,
        service                                     AS service,
        instance                                    AS instance,
        begin_ns                                    AS begin_ns,
        finish_ns                                   AS finish_ns,
        max(finish_ns) OVER (
            PARTITION BY service, instance
            ORDER BY begin_ns, i
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )                                           AS others_ns
    FROM span_times
    WHERE
        is_entry
        AND begin_ns IS NOT NULL
"""
