"""What the refusals of a server mean, each in a sentence that names what to do."""

from __future__ import annotations

import re
from typing import Any

import orjson

RIGHTS = (
    "The user needs the cluster privileges monitor and manage_index_templates, and on loglens-* create_index, read,"
    " write, view_index_metadata and maintenance."
)
OPENSEARCH_RIGHTS = (
    "The user needs the cluster permissions cluster_monitor, cluster_manage_index_templates and"
    " indices:data/write/bulk, and on loglens-* create_index, read, write and indices:admin/refresh*."
)
# What is to be done about refusals that the words of the server do not say.
_ADVICE = {
    "flood-stage watermark": "The disk of the server is full: make room there, and push again.",
    "FORBIDDEN/": "The index takes no writes: set its index.blocks.write and index.blocks.read_only to null, and push"
    " again.",
    "Text fields are not optimised": "An index was there before its template: delete it, or push under other names with"
    " --namespace.",
    "version conflict": "A push that began later, by its clock, has sent another row: set the clocks right, and"
    " push again.",
    "is unauthorized for": RIGHTS,
    "no permissions for": OPENSEARCH_RIGHTS,
}
# Where in a document something is wrong, its id, and what stands there.
_OF_ONE = re.compile(
    r"^\[[^\]]*\]: (?=version conflict)|, current version \[\d+\] is higher .*? \[\d+\]"
    r"|\[\d+:\d+\] | in document with id '[^']*'|\.? Preview of field's value: '.*?('(?=[.;]|$)|$)|\bat offset \d+"
)
# What is kept of a reason, and what is shown of one among others.
_LONGEST_REASON = 2_000
_LONGEST_SHOWN = 200


def said(answer: bytes) -> Any:
    """Return what an answer says; what stands between here and the server speaks in text of its own."""
    try:
        return orjson.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")


class Refusal(Exception):
    """A server answered a request with a status that is no success, and with why."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def explain(error: Exception, url: str) -> str:
    """Return one sentence on why a server did not do what it was asked, and what to do about it."""
    from elastic_transport import ConnectionError, ConnectionTimeout, TlsError

    match error:
        case ConnectionTimeout():
            return f"{url} did not answer in time. Push again when it is less busy."
        case TlsError():
            if any(sign in _words(error) for sign in ("WRONG_VERSION_NUMBER", "record layer failure")):
                return f"{url} speaks no TLS. Say http:// instead of https://."
            return f"The certificate of {url} is not trusted: {_tls(error)}"
        case ConnectionError():
            return f"Nothing answers at {url}: {_cause(error)}. Is the server up, and the address right?"
        case Refusal():
            return _refusal(error, url)
    return f"{url}: {error}"


def may_pass(error: Exception) -> bool:
    """Return whether what went wrong may be over in a while: a server that is busy, away or starting."""
    from elastic_transport import TlsError, TransportError

    match error:
        case TlsError():
            return False
        case Refusal():
            return error.status in {429, 502, 503, 504}
    return isinstance(error, TransportError)


def _words(error: Any) -> str:
    """Return what the client and the layers below it say."""
    return " ".join(str(each) for each in (*error.args, error.__cause__))


def _tls(error: Exception) -> str:
    text = _words(error)
    if "expired" in text:
        return "it has expired. Have it renewed, or set the clock of this machine right."
    if "not yet valid" in text:
        return "it is not valid yet. Set the clock of this machine right, or have it renewed."
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


def _refusal(error: Refusal, url: str) -> str:
    status, reason = error.status, reason_of(error.body)
    match status:
        case 401:
            return f"{url} does not know these credentials (401). Check the user and password, or the API key."
        case 403:
            return f"{url} does not allow this (403): {reason}"
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
        told = dict.fromkeys(str(reason).rstrip(".") for reason in reasons if reason)
        found = "; ".join(told) or found.get("type", "no reason")
    text = " ".join(str(found or "no reason").split())[:_LONGEST_REASON].rstrip(";. ") + "."
    return text + next((f" {advice}" for sign, advice in _ADVICE.items() if sign in text), "")


def kind_of(reason: str) -> str:
    """Return a reason without what differs from document to document, so that like ones can be counted, and short."""
    advice = next((f" {advice}" for advice in _ADVICE.values() if reason.endswith(advice)), "")
    text = _OF_ONE.sub("", reason.removesuffix(advice))
    return (text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN].rstrip() + "…") + advice
