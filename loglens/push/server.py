"""One server: which it is, and the client that reaches it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loglens.errors import LoglensError
from loglens.push.access import Access
from loglens.push.refusals import explain, may_pass

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

REQUEST_S = 60
# A server that has just started answers for what it has found so far, unless it is told not to.
WHOLE = "allow_partial_search_results=false"
# How long one request that is no bulk request waits for a server that may come back, a time at a time.
_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
# The oldest releases whose bulk, templates and types are those written here.
_OLDEST = {"elasticsearch": (8, 0), "opensearch": (2, 7)}
_TAKEN = "loglens pushes to Elasticsearch 8 or later and OpenSearch 2.7 or later."


class PushError(LoglensError):
    """A server cannot be used, or refuses what is pushed."""


@dataclass(frozen=True)
class Server:
    """A server that answers: its product, version, and the client that reaches it."""

    client: Elasticsearch
    url: str
    product: str
    version: tuple[int, ...]

    @property
    def name(self) -> str:
        """Product and version as people say them."""
        product = {"elasticsearch": "Elasticsearch", "opensearch": "OpenSearch"}[self.product]
        return f"{product} {'.'.join(map(str, self.version))}"

    def call(self, method: str, path: str, body: Any = None, *, missing: Any = None) -> Any:
        """Return what the server answers to a request that may be made twice; `missing` is returned for 404.

        Waits a while for a server that is busy or away. Raises PushError for other refusals.
        """
        from elasticsearch import ApiError, NotFoundError, TransportError

        headers = {"accept": "application/json", "content-type": "application/json"}
        for wait_s in (*_WAITS_S, None):
            try:
                return self.client.perform_request(method, path, body=body, headers=headers).body
            except NotFoundError as error:
                if missing is not None:
                    return missing
                raise PushError(explain(error, self.url)) from error
            except (ApiError, TransportError) as error:
                if wait_s is None or not may_pass(error):
                    raise PushError(explain(error, self.url)) from error
            time.sleep(random.uniform(wait_s / 2, wait_s))  # noqa: S311
        raise AssertionError


def connect(access: Access) -> Server:
    """Return the server at an address; raises PushError where it cannot be reached or used."""
    from elasticsearch import ApiError, AuthenticationException, NotFoundError, TransportError

    client = _client(access)
    headers = {"accept": "application/json"}
    try:
        product, text = _root(client, headers) or _nodes(client, headers)
    except AuthenticationException as error:
        if access.api_key or access.user:
            raise PushError(explain(error, access.url)) from error
        raise PushError(f"{access.url} wants to know who asks (401). Say so with --user or --api-key.") from error
    except NotFoundError as error:
        raise PushError(_no_server(access.url)) from error
    except (ApiError, TransportError) as error:
        raise PushError(explain(error, access.url)) from error
    if product not in _OLDEST:
        raise PushError(_no_server(access.url))
    version = tuple(int(part) for part in re.findall(r"\d+", text)[:3])
    server = Server(client, access.url, product, version)
    if version < _OLDEST[product]:
        raise PushError(f"{access.url} is {server.name}; {_TAKEN}")
    return server


def _no_server(url: str) -> str:
    return f"There is no search server at {url}. Is the address right? {_TAKEN}"


def _root(client: Elasticsearch, headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Return product and version from `GET /`, or None where the root is closed."""
    from elasticsearch import ApiError

    try:
        answer = client.perform_request("GET", "/", headers=headers).body
    except ApiError as error:
        if error.meta.status in {403, 404, 405}:
            return None
        raise
    version = answer.get("version", {}) if isinstance(answer, dict) else {}
    if "number" not in version:
        return ("none", "")
    return version.get("distribution", "elasticsearch"), version["number"]


def _nodes(client: Elasticsearch, headers: Mapping[str, str]) -> tuple[str, str]:
    # What a node is made of tells whose it is; its name, that people give, does not.
    told = ("version", "build_flavor", "build_type", "modules.name", "plugins.name")
    path = f"/_nodes/_local?filter_path={','.join(f'nodes.*.{each}' for each in told)}"
    nodes = client.perform_request("GET", path, headers=headers).body.get("nodes", {})
    versions = [node["version"] for node in nodes.values() if "version" in node]
    if not versions:
        return ("none", "")
    is_opensearch = any("opensearch" in str(node).lower() for node in nodes.values())
    return ("opensearch" if is_opensearch else "elasticsearch"), versions[0]


def _client(access: Access) -> Elasticsearch:
    import warnings

    from elasticsearch import Elasticsearch

    from loglens.push.node import Answers, PlainNode, Ready

    options: dict[str, Any] = {}
    if access.url.startswith("https:"):
        from urllib3 import disable_warnings
        from urllib3.exceptions import InsecureRequestWarning

        options["verify_certs"] = not access.insecure
        # Said once, by the command, and not for each request.
        options["ssl_show_warn"] = False
        disable_warnings(InsecureRequestWarning)
        if access.ca_cert:
            options["ca_certs"] = access.ca_cert
        if access.fingerprint:
            options["ssl_assert_fingerprint"] = access.fingerprint
            # The certificate itself is known; who signed it does not matter.
            options["verify_certs"] = bool(access.ca_cert) and not access.insecure
    if access.api_key:
        identity, colon, secret = access.api_key.partition(":")
        options["api_key"] = (identity, secret) if colon else access.api_key
    elif access.user:
        options["basic_auth"] = (access.user, access.password or "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Retries are counted in one place, the bulk loop.
        return Elasticsearch(
            access.url,
            node_class=PlainNode,
            http_compress=not access.is_local,
            max_retries=0,
            retry_on_timeout=False,
            retry_on_status=(),
            request_timeout=REQUEST_S,
            serializers={"application/json": Answers(), "application/x-ndjson": Ready()},
            **options,
        )
