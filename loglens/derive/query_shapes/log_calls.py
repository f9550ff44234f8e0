"""What log records tell of calls: statements, as databases and their clients log them, and outgoing requests."""

from __future__ import annotations

from loglens.derive.query_shapes.span_calls import DOCUMENT, KEY_VALUE
from loglens.shapes.ids import IDS

_VERB = (
    r"(?i:SELECT|INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|REPLACE INTO|WITH|CALL|EXEC|EXECUTE|BEGIN|COMMIT|ROLLBACK)\b"
)
_COMMENT = r"(?:/\*[^*]*\*/\s*)?"
# Attributes that hold a statement by their name, and those that may hold one.
_SURE = ("db.query.text", "db.statement")
_MAYBE = ("sql", "statement", "query", "sql_query", "db_query", "db_statement")
_SYSTEM = ("db.system.name", "db.system")
_PARAMS = ("params", "parameters", "binds", "args", "detail", "DETAIL")
_SESSION = ("postgresql.session_id", "session_id", "process.pid", "process_id", "pid", "backend_pid", "connection_id")
_PEER = ("service.peer.name", "peer.service", "server.address", "peer", "host", "target", "upstream")
_KEYS = (*_SURE, *_MAYBE, *_SYSTEM, *_PARAMS, *_SESSION, *_PEER)
_PLACES = {key: place for place, key in enumerate(_KEYS, 1)}
_PATHS = [f'$."{key}"' for key in _KEYS]
_NAMED = "|".join(key.replace(".", r"\.") for key in (*_SURE, *_MAYBE))

# PostgreSQL (`duration: 1.2 ms  execute s1: SELECT`), and what ORMs print before a statement they echo.
_SERVER_SAYS = r"^(?:LOG:\s+)?(?:duration: [0-9.]+ ms\s+)?(?:statement|execute [^:]*): "
# The duration of the statement before, in the same session, where both are logged apart.
_TOOK = r"^(?:LOG:\s+)?duration: [0-9.]+ ms$"
# What no program but PostgreSQL writes beside a record.
_SERVER = r'"(?:postgresql\.\w+|backend_type)"\s*:'
_ECHOED = rf"(?:^|Executing \([^)]*\): |Hibernate: |\bquery: |\([0-9.]+(?: ?m?s)?\)\s+|\] )({_COMMENT}{_VERB}[\s\S]*)"
_OUTGOING = (
    r"(?i:\b(?:outgoing|outbound|upstream|downstream|egress|client)[ _-](?:call|request|http|rest)"
    r"|\b(?:calling|called|fetching|requesting|call to|request to|sending request)\b)|^HTTP Request: "
)
_HTTPX = r'^HTTP Request: ([A-Z]+) (https?://\S+)(?: "HTTP/[0-9.]+ ([0-9]{3}))?'


# What a message says of the time: `duration: 1.2 ms`, `(0.5ms)`, `[1.2ms]`.
_TIMED = (
    r"try_cast(try_cast(regexp_extract(message, '(?:duration: |[(\[])([0-9.]+) ?ms', 1) AS DOUBLE) * 1000000 AS BIGINT)"
)
_ROUTE = r"regexp_extract(address, '^(?:\w+://[^/?#]*)?([^?#]*)', 1)"


def _first(keys: tuple[str, ...]) -> str:
    return "coalesce(" + ", ".join(f"found[{_PLACES[key]}]" for key in keys) + ")"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# Records that may tell of a call, with what their attributes say.
_CANDIDATES = f"""
    SELECT
        logs.*,
        CASE WHEN attributes IS NOT NULL THEN json_extract_string(attributes, {_PATHS!r}) END   AS found
    FROM logs
    SEMI JOIN changes
        ON logs.source_id = changes.source_id
        AND logs.line > changes.after_line
    WHERE
        regexp_matches(message, {_quoted(f"{_SERVER_SAYS}|{_ECHOED}|{_OUTGOING}|{_TOOK}")})
        OR regexp_matches(attributes, '"(?:{_NAMED})"\\s*:')
"""  # noqa: S608
_READ = f"""
    SELECT
        *,
        coalesce(regexp_matches(message, {_quoted(_SERVER_SAYS)}), false)               AS is_said,
        coalesce(regexp_matches(message, {_quoted(_TOOK)}), false)                      AS is_time,
        is_said OR is_time OR coalesce(regexp_matches(attributes, {_quoted(_SERVER)}), false) AS is_server_log,
        coalesce(
            {_first(_SURE)},
            CASE WHEN regexp_matches({_first(_MAYBE)}, {_quoted("^" + _COMMENT + _VERB)}) THEN {_first(_MAYBE)} END,
            CASE WHEN is_said THEN regexp_replace(message, {_quoted(_SERVER_SAYS)}, '') END,
            nullif(regexp_extract(message, {_quoted(_ECHOED)}, 1), '')
        )                                                                               AS statement,
        coalesce(nullif(regexp_extract(message, {_quoted(_HTTPX)}, 1), ''), http_method) AS method,
        coalesce(nullif(regexp_extract(message, {_quoted(_HTTPX)}, 2), ''), path)        AS address,
        statement IS NULL AND regexp_matches(message, {_quoted(_OUTGOING)})              AS is_outgoing,
        coalesce(duration_ns, {_TIMED})                                                 AS own_ns,
        coalesce(severity_number >= 17 OR status_code >= 500, false)                    AS is_failed,
        if(is_server_log, {_first(_SESSION)}, NULL)                                     AS session
    FROM candidates
"""  # noqa: S608
# PostgreSQL may say of one statement that it begins, that it failed, and how long it took: one record after another.
_PAIRED = """
    SELECT
        *,
        coalesce(own_ns, CASE WHEN lead(is_time) OVER told THEN lead(own_ns) OVER told END)     AS took_ns,
        CASE WHEN lead(is_time) OVER told AND own_ns IS NULL THEN lead(ts_ns) OVER told ELSE ts_ns END AS ended_ns,
        is_failed
        OR is_said AND coalesce(statement = lead(if(is_failed, statement, NULL)) OVER told, false) AS is_error,
        is_failed AND coalesce(statement = lag(if(is_said, statement, NULL)) OVER told, false)  AS is_echo
    FROM read
    WINDOW told AS (PARTITION BY source_id, service, coalesce(session, line::VARCHAR) ORDER BY line, ordinal)
"""
_HELD = """
    CASE
        WHEN trace_id IS NOT NULL THEN 'trace'
        WHEN named_trace_id <> '' THEN 'trace'
        WHEN request_id IS NOT NULL THEN 'request'
        WHEN session IS NOT NULL THEN 'session'
        ELSE 'record'
    END
"""
# One row a record that is a call of something, with the trace, the request or the session it belongs to, if any.
LOG_TEXTS = f"""
    CREATE TEMP TABLE log_texts AS
    WITH candidates AS ({_CANDIDATES}),
    read AS ({_READ}),
    paired AS ({_PAIRED}),
    held AS (
        SELECT
            *,
            coalesce(regexp_extract(statement, 'traceparent=.00-([0-9a-f]{{32}})-', 1), '')     AS named_trace_id,
            {_HELD}                                                                             AS grouped_by,
            coalesce({_first(_SYSTEM)}, if(is_server_log, 'postgresql', ''))                    AS system,
            {_first(_PARAMS)}                                                                   AS detail
        FROM paired
        WHERE
            (statement IS NOT NULL AND (NOT is_server_log OR is_said OR is_failed) AND NOT is_echo)
            OR (is_outgoing AND address IS NOT NULL)
    )
    SELECT
        source_id                                                               AS source_id,
        line                                                                    AS line,
        ordinal                                                                 AS ordinal,
        service                                                                 AS service,
        coalesce(trace_id, nullif(named_trace_id, ''))                          AS trace_id,
        grouped_by                                                              AS grouped_by,
        id_hash(CASE grouped_by
            WHEN 'trace' THEN coalesce(trace_id, named_trace_id)
            WHEN 'request' THEN request_id
            WHEN 'session' THEN session
            ELSE concat_ws(':', source_id, line, ordinal)
        END)                                                                    AS group_id,
        CASE
            WHEN statement IS NULL THEN 'http'
            WHEN system IN {KEY_VALUE} THEN 'redis'
            WHEN system IN {DOCUMENT} THEN 'document'
            ELSE 'sql'
        END                                                                     AS call_kind,
        system                                                                  AS system,
        false                                                                   AS is_named,
        coalesce(statement, concat_ws(
            chr(10),
            coalesce(method, ''),
            coalesce(nullif(regexp_extract(address, '^\\w+://([^/:?#]+)', 1), ''), {_first(_PEER)}, ''),
            coalesce(route, regexp_replace({_ROUTE}, '{IDS}', '{{id}}', 'g'))
        ))                                                                      AS text,
        hash(call_kind, system, is_named, id_hash(text))                        AS text_id,
        CASE
            WHEN
                statement IS NULL
                AND method IN ('GET', 'HEAD')
                AND (contains(address, '?') OR contains(text, '{{id}}'))
            THEN id_hash(address)
            WHEN detail IS NOT NULL AND (NOT is_server_log OR contains(detail, 'arameters:')) THEN id_hash(detail)
        END                                                                     AS own_params_id,
        try(ended_ns - greatest(coalesce(took_ns, 0), 0))                       AS begin_ns,
        ended_ns                                                                AS finish_ns,
        took_ns                                                                 AS duration_ns,
        is_error                                                                AS is_error
    FROM held
"""  # noqa: S608
# What is still open may go on in what was added to its source: a statement without its duration.
REOPEN = """
    UPDATE changes
    SET after_line = least(after_line, opened.line - 1)
    FROM (
        SELECT source_id, min(line) AS line
        FROM (
            SELECT source_id, arg_max(line, line) AS line, arg_max(duration_ns, (line, ordinal)) AS duration_ns
            FROM log_calls
            WHERE grouped_by <> 'record'
            GROUP BY source_id, service, grouped_by, group_id
        ) AS last
        WHERE duration_ns IS NULL
        GROUP BY source_id
    ) AS opened
    WHERE changes.source_id = opened.source_id
"""
REMOVE = """
    DELETE FROM log_calls
    USING changes
    WHERE log_calls.source_id = changes.source_id AND log_calls.line > changes.after_line
"""
INSERT = """
    INSERT INTO log_calls BY NAME
    SELECT
        log_texts.source_id                                         AS source_id,
        log_texts.line                                              AS line,
        log_texts.ordinal                                           AS ordinal,
        log_texts.service                                           AS service,
        log_texts.trace_id                                          AS trace_id,
        log_texts.grouped_by                                        AS grouped_by,
        log_texts.group_id                                          AS group_id,
        query_texts.shape_id                                        AS shape_id,
        coalesce(log_texts.own_params_id, query_texts.params_id)    AS params_id,
        query_texts.items                                           AS items,
        log_texts.begin_ns                                          AS begin_ns,
        log_texts.finish_ns                                         AS finish_ns,
        log_texts.duration_ns                                       AS duration_ns,
        log_texts.is_error                                          AS is_error
    FROM log_texts
    JOIN query_texts USING (text_id)
"""
