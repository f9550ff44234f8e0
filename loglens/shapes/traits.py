"""What kind of work a shape is: whether it writes, and whether it is the housekeeping of a driver."""

from __future__ import annotations

import re

from loglens.shape import Shape

_WRITES = {
    "sql": frozenset("INSERT UPDATE DELETE MERGE REPLACE UPSERT COPY TRUNCATE".split()),
    "redis": frozenset(
        """APPEND DECR DECRBY DEL EXPIRE EXPIREAT FLUSHALL FLUSHDB GEOADD GETDEL GETSET HDEL HINCRBY HINCRBYFLOAT HMSET
        HSET HSETNX INCR INCRBY INCRBYFLOAT LINSERT LPOP LPUSH LPUSHX LREM LSET LTRIM MSET MSETNX PERSIST PEXPIRE PFADD
        PSETEX PUBLISH RENAME RPOP RPOPLPUSH RPUSH RPUSHX SADD SET SETBIT SETEX SETNX SPOP SREM UNLINK XACK XADD XDEL
        XTRIM ZADD ZINCRBY ZPOPMAX ZPOPMIN ZREM""".split()
    ),
    "document": frozenset(
        """insert insertone insertmany update updateone updatemany delete deleteone deletemany findandmodify
        findoneandupdate findoneanddelete replaceone bulkwrite bulk index create""".split()
    ),
    "http": frozenset("POST PUT PATCH DELETE".split()),
    "messaging": frozenset(("send",)),
}
_ROUTINE_VERBS = {
    "sql": frozenset(
        """BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE SET RESET SHOW USE DISCARD DEALLOCATE PRAGMA CONNECT PING CLOSE
        DECLARE LISTEN UNLISTEN ABORT END POOL""".split()
    ),
    "redis": frozenset(
        "AUTH CLIENT COMMAND CONFIG CONNECT DISCARD ECHO EXEC HELLO INFO MULTI PING QUIT ROLE SELECT".split()
    ),
    "document": frozenset(("hello", "ismaster", "ping", "endsessions", "buildinfo", "saslstart", "saslcontinue")),
}
_ROUTINE_SQL = re.compile(
    r"SELECT (?:\?|(?:now|version|pg_backend_pid|pg_is_in_recovery|current_\w+|last_insert_id|scope_identity)(?:\(\))?"
    r"|@@\w+)(?: (?:AS )?\w+)?"
    r"|.*\b(?:pg_catalog|information_schema|sqlite_master|pg_(?:type|class|attribute|namespace"
    r"|index|stat_\w+|advisory\w*|try_advisory\w*)|schema_migrations|alembic_version|flyway_schema_history"
    r"|django_migrations)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_ROUTINE_CALL = re.compile(
    r"/(?:health|healthz|healthcheck|live|livez|liveness|ready|readyz|readiness|ping|metrics|status)/?(?:\s|\?|\Z)"
    r"|/token\b|/oauth2?/|jwks|/\.well-known/|/openid-connect/|/certs\b|introspect"
    r"|feature[-_]?flags?|/flags?\b|launchdarkly|unleash|grpc\.health\.|ServerReflection",
    re.IGNORECASE,
)
_ROUTINE_NAME = re.compile(
    r"(?:(?:tcp|tls|dns|pg|pool|http|socket|client|db|mongodb|mysql)?[-._ ]?)"
    r"(?:connect|connection|lookup|handshake|resolve|acquire|checkout|ping)(?:[-._ ]?(?:pool|conn\w*))?",
    re.IGNORECASE,
)


def is_write(kind: str, shape: Shape) -> bool:
    """Say whether a call of this shape changes what it is about."""
    operation = shape.operation or ""
    return (operation.lower() if kind == "document" else operation.upper() if kind != "messaging" else operation) in (
        _WRITES.get(kind, frozenset())
    )


def is_routine(kind: str, shape: Shape) -> bool:
    """Say whether a call of this shape is what drivers and clients do by themselves, which nobody can leave out."""
    operation = (shape.operation or "").partition(" ")[0]
    if (operation.lower() if kind == "document" else operation.upper()) in _ROUTINE_VERBS.get(kind, frozenset()):
        return True
    if kind == "sql":
        return _ROUTINE_SQL.fullmatch(shape.text) is not None or _ROUTINE_NAME.fullmatch(shape.text) is not None
    if kind in {"http", "grpc"}:
        return _ROUTINE_CALL.search(shape.text) is not None
    return kind == "call" and _ROUTINE_NAME.fullmatch(shape.text.rpartition(" ")[2]) is not None
