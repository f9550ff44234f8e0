"""Origins: what the spans of one operation of one instance have in common, once for all of them."""

from __future__ import annotations

MACROS = (
    """
    CREATE OR REPLACE TEMP MACRO is_failed(status, status_code) AS (
        coalesce(status_code >= 500, false) OR status = 'ERROR'
    )
    """,
    """
    CREATE OR REPLACE TEMP MACRO peer_of(peer_service, db_system, messaging_destination, kind, path) AS (
        coalesce(
            peer_service,
            db_system,
            messaging_destination,
            if(kind = 'CLIENT', nullif(regexp_extract(path, '^\\w+://([^/:?#]+)', 1), ''), NULL)
        )
    )
    """,
)
ORIGIN_ID = """
    hash(
        id_hash(service),
        id_hash(instance),
        id_hash(name),
        id_hash(route),
        kind,
        is_entry,
        is_failed(status, status_code),
        peer_of(peer_service, db_system, messaging_destination, kind, path)
    )
"""
# The host is what has a clock: the instance, or else the service.
ORIGINS = """
    CREATE TEMP TABLE origins AS
    WITH firsts AS (
        SELECT
            origin_id                                                       AS origin_id,
            min(i)                                                          AS i
        FROM piece
        GROUP BY origin_id
    )
    SELECT
        origin_id                                                           AS origin_id,
        (row_number() OVER (ORDER BY firsts.i) - 1)::UINTEGER               AS origin,
        service                                                             AS service,
        instance                                                            AS instance,
        name                                                                AS name,
        route                                                               AS route,
        kind                                                                AS kind,
        is_entry                                                            AS is_request,
        is_failed(status, status_code)                                      AS is_error,
        peer_of(peer_service, db_system, messaging_destination, kind, path) AS peer,
        hash(service)                                                       AS service_id,
        hash(coalesce(instance, service))                                   AS host_id,
        kind = 'SERVER'                                                     AS is_server,
        kind = 'CLIENT'                                                     AS is_client,
        kind = 'PRODUCER'                                                   AS is_producer,
        kind = 'CONSUMER'                                                   AS is_consumer
    FROM firsts
    JOIN spans ON firsts.i = spans.rowid
"""
