"""What the spans call: of every outgoing call, what kind it is and the text that its shape is made from."""

from __future__ import annotations

KEY_VALUE = "('redis', 'valkey', 'keydb', 'dragonfly', 'memcached')"
DOCUMENT = (
    "('mongodb', 'documentdb', 'elasticsearch', 'opensearch', 'couchdb', 'dynamodb', 'aws.dynamodb', 'firestore')"
)

# Spans that are calls. An instrumented library may wrap a call in an INTERNAL span of its own.
IS_CALL = """(
    spans.kind IN ('CLIENT', 'PRODUCER')
    OR (
        spans.kind IN ('INTERNAL', 'UNSPECIFIED')
        AND coalesce(spans.db_system, spans.db_query, spans.gen_ai_model) IS NOT NULL
    )
)"""

_KIND = f"""
    CASE
        WHEN spans.db_system IN {KEY_VALUE} THEN 'redis'
        WHEN spans.db_system IN {DOCUMENT} THEN 'document'
        WHEN coalesce(spans.db_system, spans.db_query) IS NOT NULL THEN 'sql'
        WHEN spans.gen_ai_model IS NOT NULL THEN 'llm'
        WHEN spans.kind = 'PRODUCER' OR spans.messaging_destination IS NOT NULL THEN 'messaging'
        WHEN spans.http_method IS NOT NULL OR spans.path IS NOT NULL THEN 'http'
        WHEN regexp_matches(spans.name, '^/?[A-Za-z_][\\w.]*/[A-Za-z_]\\w*$') THEN 'grpc'
        WHEN contains(spans.attributes, '"rpc.system') THEN 'grpc'
        ELSE 'call'
    END
"""
_HOST = "coalesce(spans.peer_service, regexp_extract(spans.path, '^\\w+://([^/:?#]+)', 1))"
# Where a call has no text of its own, the parts of its shape, one a line; statements, which are most, are told first.
_TEXT = f"""
    CASE call_kind
        WHEN 'sql' THEN coalesce(spans.db_query, spans.name, '')
        WHEN 'llm' THEN coalesce(nullif(split_part(spans.name, ' ', 1), ''), 'chat') || chr(10) || spans.gen_ai_model
        WHEN 'messaging' THEN
            if(spans.kind = 'PRODUCER', 'send', coalesce(nullif(split_part(spans.name, ' ', 1), ''), 'call'))
            || chr(10) || coalesce(spans.messaging_destination, spans.name)
        WHEN 'http' THEN
            concat_ws(
                chr(10),
                coalesce(spans.http_method, ''),
                coalesce({_HOST}, ''),
                coalesce(spans.route, spans.path, spans.name)
            )
        WHEN 'grpc' THEN ltrim(coalesce(spans.name, ''), '/')
        WHEN 'call' THEN coalesce(spans.peer_service, '') || chr(10) || coalesce(spans.name, '')
        ELSE coalesce(spans.db_query, spans.name, '')
    END
"""

# Attributes that say more about a call than its text: values, rows, and how many calls the span stands for.
_NOTED = r"\.parameter|returned_rows|affected_rows|rows_affected|row_count|composite|batch\.(?:size|message_count)"
# Agents leave the query out of a URL, so one without ids and query need not be the same request again.
# One row a span that is a call: its kind, whether only its name tells of it, and its text.
SPAN_CALLS = f"""
    SELECT
        spans.rowid                                                             AS i,
        spans.source_id                                                         AS source_id,
        spans.line                                                              AS line,
        spans.trace_id                                                          AS trace_id,
        {_KIND}                                                                 AS call_kind,
        coalesce(spans.db_system, '')                                           AS system,
        spans.db_query IS NULL AND call_kind IN ('sql', 'redis', 'document')    AS is_named,
        {_TEXT}                                                                 AS text,
        hash(call_kind, system, is_named, text)                                 AS text_id,
        if(
            call_kind = 'http'
            AND spans.http_method IN ('GET', 'HEAD')
            AND (contains(spans.path, '?') OR NOT ends_with(spans.path, spans.route)),
            hash(spans.path),
            NULL
        )                                                                       AS address_id,
        if(regexp_matches(spans.attributes, '{_NOTED}'), spans.attributes, NULL) AS noted
    FROM spans
    WHERE {IS_CALL}
"""  # noqa: S608
