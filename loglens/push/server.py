"""One server: which it is, and the client that reaches it."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from loglens.errors import LoglensError
from loglens.push.access import Access
from loglens.push.refusals import Refusal, explain, may_pass, said

if TYPE_CHECKING:
    from loglens.push.client import Client

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

    client: Client
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
        from elastic_transport import TransportError

        text = None if body is None else orjson.dumps(body)
        for wait_s in (*_WAITS_S, None):
            try:
                return orjson.loads(self.client.request(method, path, text))
            except ValueError as error:
                raise PushError(f"{self.url} answers {method} {path} with something that is no JSON.") from error
            except (Refusal, TransportError) as error:
                if isinstance(error, Refusal) and error.status == 404 and missing is not None:
                    return missing
                if wait_s is None or not may_pass(error):
                    raise PushError(explain(error, self.url)) from error
            time.sleep(random.uniform(wait_s / 2, wait_s))  # noqa: S311
        raise AssertionError


def connect(access: Access) -> Server:
    """Return the server at an address; raises PushError where it cannot be reached or used."""
    from elastic_transport import TransportError

    from loglens.push.client import Client

    client = Client(access)
    try:
        product, text = _root(client) or _nodes(client)
    except Refusal as error:
        if error.status == 404:
            raise PushError(_no_server(access.url)) from error
        if error.status == 401 and not (access.api_key or access.user):
            raise PushError(f"{access.url} wants to know who asks (401). Say so with --user or --api-key.") from error
        raise PushError(explain(error, access.url)) from error
    except TransportError as error:
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


def _root(client: Client) -> tuple[str, str] | None:
    """Return product and version from `GET /`, or None where the root is closed."""
    try:
        answer = _asked(client, "/")
    except Refusal as refusal:
        if refusal.status in {403, 404, 405}:
            return None
        raise
    version = answer.get("version")
    if not isinstance(version, dict) or "number" not in version:
        return ("none", "")
    return version.get("distribution", "elasticsearch"), version["number"]


def _nodes(client: Client) -> tuple[str, str]:
    # What a node is made of tells whose it is; its name, that people give, does not.
    told = ("version", "build_flavor", "build_type", "modules.name", "plugins.name")
    path = f"/_nodes/_local?filter_path={','.join(f'nodes.*.{each}' for each in told)}"
    nodes = _asked(client, path).get("nodes", {})
    versions = [node["version"] for node in nodes.values() if "version" in node]
    if not versions:
        return ("none", "")
    is_opensearch = any("opensearch" in str(node).lower() for node in nodes.values())
    return ("opensearch" if is_opensearch else "elasticsearch"), versions[0]


def _asked(client: Client, path: str) -> dict[str, Any]:
    """Return the object that a server answers, an empty one for anything else."""
    found = said(client.request("GET", path))
    return found if isinstance(found, dict) else {}
