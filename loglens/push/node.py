"""The HTTP of the client, as every server takes it."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
from elastic_transport import (
    ApiResponseMeta,
    HttpHeaders,
    NdjsonSerializer,
    NodeConfig,
    OrjsonSerializer,
    Urllib3HttpNode,
)

from loglens.push.bulk_answer import CLEAN

# What the client of version 9 says of its bodies, which older servers and OpenSearch refuse.
_VENDOR = "application/vnd.elasticsearch+"
# Level 1 packs JSON to a sixth; higher ones take most of the time of a push.
_LEVEL = 1


class PlainNode(Urllib3HttpNode):
    """Speaks plain media types, packs quickly, and takes servers for what they are without the header of a product."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        self._is_packing = bool(config.http_compress)
        self._http_compress = False

    def perform_request(
        self, method: str, target: str, body: Any = None, headers: Any = None, request_timeout: Any = None
    ) -> Any:
        """Send one request."""
        plain = HttpHeaders({name: _plain(value) for name, value in (headers or {}).items()})
        if body and self._is_packing:
            body = gzip.compress(body, _LEVEL)
            plain["content-encoding"] = "gzip"
        timeout = {} if request_timeout is None else {"request_timeout": request_timeout}
        response = super().perform_request(method, target, body, plain, **timeout)
        meta, answer = response
        is_readable = meta.status < 400 or _is_json(answer)
        if "x-elastic-product" in meta.headers and is_readable:
            return response
        named = HttpHeaders({**meta.headers, "x-elastic-product": "Elasticsearch"})
        if not is_readable:
            # What stands between here and the server refuses in words of its own.
            named["content-type"] = "application/json"
            answer = orjson.dumps({"error": answer.decode(errors="replace")})
        known = ApiResponseMeta(meta.status, meta.http_version, named, meta.duration, meta.node)
        return type(response)(known, answer)

    def _log_request(self, *_: Any, **__: Any) -> None:
        """Log no bodies, which are millions of documents."""


class Answers(OrjsonSerializer):
    """Reads answers as JSON, and leaves those to bulk requests in which no item failed as they are."""

    def loads(self, data: bytes) -> Any:
        """Return what an answer says, or its bytes."""
        return data if data.startswith(CLEAN) else super().loads(data)


class Ready(NdjsonSerializer):
    """Takes bodies that are bytes as they are; the library's own looks for their last line break in a copy."""

    def dumps(self, data: Any) -> Any:
        """Return the body."""
        return data


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return not text
    return True


def _plain(value: str) -> str:
    if _VENDOR not in value:
        return value
    return ",".join(part.split(";")[0].strip().replace(_VENDOR, "application/") for part in value.split(","))
