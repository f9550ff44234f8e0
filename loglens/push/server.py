"""One server: which it is, what it can do, and what its refusals mean in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loglens.errors import LoglensError
from loglens.push.access import Access

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

REQUEST_S = 60
# The oldest releases whose bulk, templates and types are those written here.
_OLDEST = {"elasticsearch": (8, 0), "opensearch": (2, 7)}


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
        """Return what the server answers; `missing` is returned for 404. Raises PushError for other refusals."""
        from elasticsearch import ApiError, NotFoundError, TransportError

        headers = {"accept": "application/json", "content-type": "application/json"}
        try:
            return self.client.perform_request(method, path, body=body, headers=headers).body
        except NotFoundError as error:
            if missing is not None:
                return missing
            raise PushError(explain(error, self.url)) from error
        except (ApiError, TransportError) as error:
            raise PushError(explain(error, self.url)) from error


def connect(access: Access) -> Server:
    """Return the server at an address; raises PushError where it cannot be reached or used."""
    from elasticsearch import ApiError, TransportError

    client = _client(access)
    headers = {"accept": "application/json"}
    try:
        product, text = _root(client, headers) or _nodes(client, headers)
    except (ApiError, TransportError) as error:
        raise PushError(explain(error, access.url)) from error
    version = tuple(int(part) for part in re.findall(r"\d+", text)[:3])
    if product not in _OLDEST or version < _OLDEST[product]:
        raise PushError(
            f"{access.url} is {product} {text}; loglens pushes to Elasticsearch 8 or later and OpenSearch 2.7 or later."
        )
    return Server(client, access.url, product, version)


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
        return ("no search server", "of any version")
    return version.get("distribution", "elasticsearch"), version["number"]


def _nodes(client: Elasticsearch, headers: Mapping[str, str]) -> tuple[str, str]:
    path = "/_nodes/_local?filter_path=nodes.*.version,nodes.*.build_flavor,nodes.*.build_type,nodes.*.modules.name"
    nodes = client.perform_request("GET", path, headers=headers).body.get("nodes", {})
    versions = [node["version"] for node in nodes.values() if "version" in node]
    if not versions:
        return ("no search server", "of any version")
    is_opensearch = any("opensearch" in str(node).lower() for node in nodes.values())
    return ("opensearch" if is_opensearch else "elasticsearch"), versions[0]


def _client(access: Access) -> Elasticsearch:
    import warnings

    from elasticsearch import Elasticsearch
    from elasticsearch.serializer import OrjsonSerializer

    from loglens.push.node import PlainNode

    options: dict[str, Any] = {}
    if access.url.startswith("https:"):
        options["verify_certs"] = not access.insecure
        options["ssl_show_warn"] = False
        if access.ca_cert:
            options["ca_certs"] = access.ca_cert
        if access.fingerprint:
            options["ssl_assert_fingerprint"] = access.fingerprint.replace(":", "").lower()
            # The certificate itself is known; who signed it does not matter.
            options["verify_certs"] = bool(access.ca_cert) and not access.insecure
    if access.api_key:
        options["api_key"] = access.api_key
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
            serializers={"application/json": OrjsonSerializer()},
            **options,
        )


def explain(error: Exception, url: str) -> str:
    """Return one sentence on why a server did not do what it was asked, and what to do about it."""
    from elastic_transport import TlsError
    from elasticsearch import ApiError, ConnectionError, ConnectionTimeout

    match error:
        case ConnectionTimeout():
            return f"{url} did not answer within {REQUEST_S} s. Ask again when it is less busy."
        case TlsError():
            return f"The certificate of {url} is not trusted: {_tls(error)}"
        case ConnectionError():
            return f"Nothing answers at {url}: {_cause(error)}. Is the server up, and the address right?"
        case ApiError():
            return _refusal(error, url)
    return f"{url}: {error}"


def _words(error: Any) -> str:
    """Return what the client and the layers below it say."""
    return " ".join(str(each) for each in (*error.args, error.__cause__))


def _tls(error: Exception) -> str:
    text = _words(error)
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
        return "it speaks no TLS. Say http:// instead of https://."
    if "expired" in text:
        return "it has expired. Have it renewed."
    if "fingerprint" in text.lower():
        return "its fingerprint is another. Compare it, and pass the right one with --fingerprint."
    if "Hostname mismatch" in text or "doesn't match" in text or "IP address mismatch" in text:
        return "it is for another host name. Use the name in the certificate, or --fingerprint."
    return "nobody this machine knows has signed it. Pass its authority with --ca-cert, or --fingerprint."


def _cause(error: Exception) -> str:
    text = _words(error)
    for known in ("Connection refused", "No route to host", "Connection reset"):
        if known in text:
            return known.lower()
    if "resolve" in text or "Name or service not known" in text:
        return "no host of that name is known"
    if "RemoteDisconnected" in text or "Connection aborted" in text:
        return "the connection was closed; a server with TLS wants https://"
    return text.rsplit(":", maxsplit=1)[-1].strip(" ')(") or "no connection"


def _refusal(error: Any, url: str) -> str:
    status, reason = error.meta.status, reason_of(error.body)
    match status:
        case 401:
            return f"{url} does not know these credentials (401). Check the user and password, or the API key."
        case 403:
            return (
                f"{url} does not allow this (403): {reason}"
                " The user needs rights to manage index templates, and to read and write loglens-*."
            )
        case 405:
            return f"{url} does not take such requests (405): {reason}"
    return f"{url} answered {status}: {reason}"


def reason_of(body: Any) -> str:
    """Return why a request was refused, in the words of the server, as one sentence."""
    found = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        causes = found.get("root_cause") or [found]
        cause = found.get("caused_by") or {}
        reasons = [causes[0].get("reason") or found.get("reason"), cause.get("reason")]
        found = "; ".join(dict.fromkeys(str(reason) for reason in reasons if reason)) or found.get("type", "no reason")
    text = " ".join(str(found).split())[:500]
    return text if text.endswith(".") else f"{text}."
