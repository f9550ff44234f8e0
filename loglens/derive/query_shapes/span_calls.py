"""What the spans call: of every outgoing call, what kind it is and the text that its shape is made from."""

from __future__ import annotations

KEY_VALUE = "('redis', 'valkey', 'keydb', 'dragonfly', 'memcached')"
DOCUMENT = (
    "('mongodb', 'documentdb', 'elasticsearch', 'opensearch', 'couchdb', 'dynamodb', 'aws.dynamodb', 'firestore')"
)

# Spans that are calls: statements, and others. An instrumented library may wrap a call in an INTERNAL span of its own.
# Each kind of span is read by itself: a long CASE for each row takes several times as long as reading twice.
_IS_STATEMENT = """(
    kind IN ('CLIENT', 'PRODUCER', 'INTERNAL', 'UNSPECIFIED')
    AND (db_system IS NOT NULL OR db_query IS NOT NULL)
)"""
_IS_OTHER = """(
    db_system IS NULL
    AND db_query IS NULL
    AND (
        kind IN ('CLIENT', 'PRODUCER')
        OR (kind IN ('INTERNAL', 'UNSPECIFIED') AND gen_ai_model IS NOT NULL)
    )
)"""
_STATEMENTS = f"""
    SELECT
        spans.*,
        spans.rowid                                     AS i,
        CASE
            WHEN db_system IN {KEY_VALUE} THEN 'redis'
            WHEN db_system IN {DOCUMENT} THEN 'document'
            ELSE 'sql'
        END                                             AS call_kind,
        coalesce(db_system, '')                         AS system,
        db_query IS NULL                                AS is_named,
        coalesce(db_query, name, '')                    AS text,
        NULL::UBIGINT                                   AS address_id
    FROM spans
    WHERE {_IS_STATEMENT}
"""  # noqa: S608
_KINDS = f"""
    SELECT
        spans.*,
        spans.rowid                                     AS i,
        CASE
            WHEN gen_ai_model IS NOT NULL THEN 'llm'
            WHEN kind = 'PRODUCER' OR messaging_destination IS NOT NULL THEN 'messaging'
            WHEN http_method IS NOT NULL OR path IS NOT NULL THEN 'http'
            WHEN regexp_matches(name, '^/?[A-Za-z_][\\w.]*/[A-Za-z_]\\w*$') THEN 'grpc'
            WHEN contains(attributes, '"rpc.system') THEN 'grpc'
            ELSE 'call'
        END                                             AS call_kind
    FROM spans
    WHERE {_IS_OTHER}
"""  # noqa: S608
_HOST = "coalesce(peer_service, regexp_extract(path, '^\\w+://([^/:?#]+)', 1))"
# These have no text of their own, but the parts of their shape, one a line. Agents leave the query out of a URL, so
# one without ids and query need not be the same request again.
_OTHERS = f"""
    SELECT
        kinds.*,
        ''                                              AS system,
        false                                           AS is_named,
        CASE call_kind
            WHEN 'http' THEN
                concat_ws(
                    chr(10),
                    coalesce(http_method, ''),
                    coalesce({_HOST}, ''),
                    coalesce(route, path, name)
                )
            WHEN 'llm' THEN coalesce(nullif(split_part(name, ' ', 1), ''), 'chat') || chr(10) || gen_ai_model
            WHEN 'messaging' THEN
                if(kind = 'PRODUCER', 'send', coalesce(nullif(split_part(name, ' ', 1), ''), 'call'))
                || chr(10) || coalesce(messaging_destination, name, '')
            WHEN 'grpc' THEN ltrim(coalesce(name, ''), '/')
            ELSE coalesce(peer_service, '') || chr(10) || coalesce(name, '')
        END                                             AS text,
        if(
            call_kind = 'http'
            AND http_method IN ('GET', 'HEAD')
            AND (contains(path, '?') OR NOT ends_with(path, route)),
            id_hash(path),
            NULL
        )                                               AS address_id
    FROM ({_KINDS}) AS kinds
"""  # noqa: S608

# Attributes that say more about a call than its text: values, rows, and how many calls the span stands for.
_NOTED = ("rows_affected", "ed_rows", "row_count", ".parameter", "composite", "batch.size", "batch.message_count")
_IS_NOTED = " OR ".join(f"contains(attributes, '{name}')" for name in _NOTED)
# One row a span that is a call: what it says, its kind, whether only its name tells of it, and its text.
SPAN_CALLS = f"""
    SELECT
        *,
        hash(call_kind, system, is_named, id_hash(text)) AS text_id,
        if({_IS_NOTED}, attributes, NULL)               AS noted
    FROM ({_STATEMENTS} UNION ALL BY NAME {_OTHERS}) AS calls
"""  # noqa: S608
