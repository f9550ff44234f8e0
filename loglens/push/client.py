"""The HTTP of a push: a node of the library below Elastic's own client, with bodies that are bytes both ways.

The client above it adds the media types of one version and one product, which other servers refuse, and takes most of
the time that a short push needs to start.
"""

from __future__ import annotations

import base64
import gzip
from typing import Any

from elastic_transport import HttpHeaders, NodeConfig, Urllib3HttpNode
from elastic_transport.client_utils import basic_auth_to_header, url_to_node_config

from loglens.push.access import Access
from loglens.push.refusals import Refusal, said

JSON = "application/json"
NDJSON = "application/x-ndjson"
REQUEST_S = 60
# Level 1 packs JSON to a sixth; higher ones take most of the time of a push.
_LEVEL = 1


class Client:
    """Sends requests to one server; retries are counted in one place, the bulk loop."""

    def __init__(self, access: Access) -> None:
        self._node = _QuietNode(_config(access))
        self._is_packing = not access.is_local

    def request(self, method: str, path: str, body: bytes | memoryview | None = None, kind: str = JSON) -> bytes:
        """Return the answer to a request whose body is of a media type.

        Raises Refusal for a status that is no success, and the TransportError of the library where no answer comes.
        """
        headers = HttpHeaders({"accept": JSON})
        if body:
            headers["content-type"] = kind
            if self._is_packing:
                body = gzip.compress(body, _LEVEL)
                headers["content-encoding"] = "gzip"
        meta, answer = self._node.perform_request(method, path, body, headers)  # type: ignore[arg-type]
        if not 200 <= meta.status < 300:
            raise Refusal(meta.status, said(answer))
        return answer


class _QuietNode(Urllib3HttpNode):
    """Logs no bodies, which are millions of documents."""

    def _log_request(self, *_: Any, **__: Any) -> None:
        """Log nothing."""


def _config(access: Access) -> NodeConfig:
    """Return how the server is reached, and as whom."""
    options: dict[str, Any] = {"request_timeout": REQUEST_S, "headers": HttpHeaders(_authorization(access))}
    if access.url.startswith("https:"):
        options["verify_certs"] = not access.insecure
        # Said once, by the command, and not for each request.
        options["ssl_show_warn"] = False
        if access.ca_cert:
            options["ca_certs"] = access.ca_cert
        if access.fingerprint:
            options["ssl_assert_fingerprint"] = access.fingerprint
            # The certificate itself is known; who signed it does not matter.
            options["verify_certs"] = bool(access.ca_cert) and not access.insecure
    return url_to_node_config(access.url).replace(**options)


def _authorization(access: Access) -> dict[str, str]:
    if access.api_key:
        key = access.api_key
        encoded = base64.b64encode(key.encode()).decode() if ":" in key else key
        return {"authorization": f"ApiKey {encoded}"}
    if access.user:
        return {"authorization": basic_auth_to_header((access.user, access.password or ""))}
    return {}
