"""Attribute names by OpenTelemetry semantic convention: which column reads which name, old names included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Old name -> current name, in the order in which old names are asked when the current one is absent.
RENAMED: Mapping[str, str] = {
    "http.method": "http.request.method",
    "http.status_code": "http.response.status_code",
    "http.target": "url.path",
    "http.path": "url.path",
    "http.url": "url.full",
    "http.scheme": "url.scheme",
    "http.host": "server.address",
    "http.server_name": "server.address",
    "http.user_agent": "user_agent.original",
    "http.client_ip": "client.address",
    "http.flavor": "network.protocol.version",
    "http.request_content_length": "http.request.header.content-length",
    "http.response_content_length": "http.response.header.content-length",
    "http.request_content_length_uncompressed": "http.request.body.size",
    "http.response_content_length_uncompressed": "http.response.body.size",
    "db.system": "db.system.name",
    "db.statement": "db.query.text",
    "db.name": "db.namespace",
    "db.redis.database_index": "db.namespace",
    "db.operation": "db.operation.name",
    "db.sql.table": "db.collection.name",
    "db.mongodb.collection": "db.collection.name",
    "db.cassandra.table": "db.collection.name",
    "db.cosmosdb.container": "db.collection.name",
    "peer.service": "service.peer.name",
    "net.peer.name": "server.address",
    "net.peer.port": "server.port",
    "net.host.name": "server.address",
    "net.host.port": "server.port",
    "net.peer.ip": "network.peer.address",
    "net.host.ip": "network.local.address",
    "net.sock.peer.addr": "network.peer.address",
    "net.sock.peer.port": "network.peer.port",
    "net.sock.host.addr": "network.local.address",
    "net.sock.host.port": "network.local.port",
    "net.protocol.name": "network.protocol.name",
    "net.protocol.version": "network.protocol.version",
    "net.transport": "network.transport",
    "messaging.destination": "messaging.destination.name",
    "messaging.operation": "messaging.operation.type",
    "messaging.message_id": "messaging.message.id",
    "messaging.client_id": "messaging.client.id",
    "messaging.kafka.consumer.group": "messaging.consumer.group.name",
    "messaging.eventhubs.consumer.group": "messaging.consumer.group.name",
    "messaging.rocketmq.client_group": "messaging.consumer.group.name",
    "messaging.kafka.message.offset": "messaging.kafka.offset",
    "rpc.system": "rpc.system.name",
    "gen_ai.system": "gen_ai.provider.name",
    "llm.system": "gen_ai.provider.name",
    "llm.vendor": "gen_ai.provider.name",
    "llm.request.model": "gen_ai.request.model",
    "llm.model_name": "gen_ai.request.model",
    "llm.model": "gen_ai.request.model",
    "llm.response.model": "gen_ai.response.model",
    "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "llm.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "llm.token_count.prompt": "gen_ai.usage.input_tokens",
    "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens",
    "llm.usage.completion_tokens": "gen_ai.usage.output_tokens",
    "llm.token_count.completion": "gen_ai.usage.output_tokens",
    "enduser.id": "user.id",
    "code.function": "code.function.name",
    "code.filepath": "code.file.path",
    "code.lineno": "code.line.number",
    "code.column": "code.column.number",
    "deployment.environment": "deployment.environment.name",
}

# Column of `spans` -> the current names it reads, the first that is there wins.
SPAN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "http_method": ("http.request.method",),
    "path": ("url.path",),
    "url": ("url.full",),
    "route": ("http.route",),
    "status_code": ("http.response.status_code",),
    "db_system": ("db.system.name",),
    "db_query": ("db.query.text",),
    "peer_service": ("service.peer.name",),
    "server_address": ("server.address",),
    "messaging_system": ("messaging.system",),
    "messaging_destination": ("messaging.destination.name",),
    "gen_ai_model": ("gen_ai.request.model", "gen_ai.response.model"),
    "gen_ai_input_tokens": ("gen_ai.usage.input_tokens",),
    "gen_ai_output_tokens": ("gen_ai.usage.output_tokens",),
    "user_id": ("user.id",),
    "error_type": ("error.type",),
}

# Column of `logs` -> the names it reads in an OTLP log record; below the conventions stand names that are common.
LOG_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "http_method": ("http.request.method", "method"),
    "path": ("url.path", "path"),
    "url": ("url.full",),
    "route": ("http.route", "route"),
    "status_code": ("http.response.status_code", "status_code", "status"),
    "request_id": ("request.id", "request_id", "http.request.header.x-request-id"),
    "user_id": ("user.id", "user_id"),
    "error_type": ("exception.type", "error.type"),
    "error_message": ("exception.message", "error.message"),
    "logger": ("logger.name", "logger", "code.namespace"),
}

# Attribute of a log record that is its duration -> the unit of a bare number in it.
LOG_DURATIONS: Mapping[str, str] = {
    "http.server.request.duration": "s",
    "http.server.duration": "ms",
    "request_duration_ms": "ms",
    "dur_ms": "ms",
    **{
        f"{name}_{suffix}": unit
        for name in ("duration", "latency", "elapsed", "took", "response_time", "request_time")
        for suffix, unit in (("ns", "ns"), ("us", "us"), ("ms", "ms"), ("s", "s"), ("seconds", "s"))
    },
}

# Attributes of a log record whose bare numbers have the unit a user names, and none otherwise.
LOG_DURATIONS_WITHOUT_UNIT = ("duration", "latency", "elapsed", "response_time")

# A resource names its instance by the first of these.
INSTANCE = ("service.instance.id", "k8s.pod.name", "host.name")


def spellings(current: Iterable[str]) -> tuple[str, ...]:
    """Return the names to look under for some current names: each one, followed by its old names."""
    return tuple(
        name for wanted in current for name in (wanted, *(old for old, new in RENAMED.items() if new == wanted))
    )
