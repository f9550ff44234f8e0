"""Which log records there are to link, and what each says of where it belongs."""

from __future__ import annotations

from loglens.derive.correlation.spans import trace_sql

TABLES = ("records", "named")

# The records as numbers. A record written in milliseconds is of any moment of its millisecond.
RECORDS = f"""
    CREATE TEMP TABLE records AS
    SELECT
        rowid                                                       AS r,
        {trace_sql("trace_id")}                                     AS trace,
        id_hash(span_id)                                            AS span,
        id_hash(request_id)                                         AS request,
        coalesce(service, '')                                       AS service,
        coalesce(instance, '')                                      AS instance,
        begin_of(ts_ns)                                             AS ts_ns,
        CASE
            WHEN ts_ns % 1000000000 = 0 THEN 999999999
            WHEN ts_ns % 1000000 = 0 THEN 999999
            WHEN ts_ns % 1000 = 0 THEN 999
            ELSE 0
        END                                                         AS blur_ns
    FROM logs
"""  # noqa: S608
# What attributes may name of the place of a record: a traceparent (W3C Trace Context, as sqlcommenter puts it into
# statements), the session of a server, and the thread.
_SESSION = (
    r'"(?:postgresql\.)?(?:session_id|session|process\.pid|process_id|pid|backend_pid|connection_id)"\s*:\s*"?([^",}]+)'
)
_THREAD = r'"(?:thread(?:\.?_?(?:id|name))?|threadName|goroutine(?:_id)?|tid)"\s*:\s*"?([^",}]+)'
_PARENT = r"traceparent=.{0,3}00-([0-9a-f]{32})-([0-9a-f]{16})"
NAMED = """
    CREATE TEMP TABLE named AS
    SELECT
        records.r                                                   AS r,
        records.service                                             AS service,
        records.instance                                            AS instance,
        records.ts_ns                                               AS ts_ns,
        records.blur_ns                                             AS blur_ns,
        logs.source_id                                              AS source_id,
        logs.line                                                   AS line,
        logs.ordinal                                                AS ordinal,
        CASE
            WHEN commented LIKE '%traceparent=%' THEN regexp_extract(commented, $parent, ['trace', 'span'])
        END                                                         AS parent,
        nullif(regexp_extract(logs.attributes, $session, 1), '')    AS session,
        nullif(regexp_extract(logs.attributes, $thread, 1), '')     AS thread,
        records.r IN (SELECT r FROM linked)                         AS is_linked
    FROM records
    JOIN logs ON records.r = logs.rowid
    CROSS JOIN LATERAL (SELECT concat_ws(' ', logs.message, logs.attributes) AS commented)
    WHERE
        records.r NOT IN (SELECT r FROM linked)
        OR (records.service, records.instance) IN (
            SELECT (service, instance) FROM records WHERE r NOT IN (SELECT r FROM linked)
        )
"""
NAMED_BINDS = {"session": _SESSION, "thread": _THREAD, "parent": _PARENT}
