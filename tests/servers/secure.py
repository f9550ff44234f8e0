"""Servers that want to know who asks: TLS of an authority made for them, and users from a file."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from servers.search import SearchServer, start_elasticsearch, start_secured_opensearch

PASSWORD = "correct-horse-battery"
# The password as OpenSearch keeps it: bcrypt of few rounds.
_BCRYPT = "$2b$04$abcdefghijklmnopqrstuupOWRSKKNe562z1DsLEArFuJDHVyRIMa"
# Who may do what: what docs/elasticsearch.md asks for, and two who lack a part of it.
_ROLES = """
pusher:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ["loglens-*"]
      privileges: [create_index, read, write, view_index_metadata, maintenance]
no_templates:
  cluster: [monitor]
  indices:
    - names: ["loglens-*"]
      privileges: [all]
no_writes:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ["loglens-*"]
      privileges: [read]
nothing: {}
"""


def _opensearch_role(cluster: list[str], indices: list[str], pattern: str = "loglens-*") -> dict[str, Any]:
    return {
        "cluster_permissions": cluster,
        "index_permissions": [{"index_patterns": [pattern], "allowed_actions": indices}],
    }


_BULK = "indices:data/write/bulk"
_OPENSEARCH_ROLES = {
    "superuser": _opensearch_role(["*"], ["*"], "*"),
    "pusher": _opensearch_role(
        ["cluster_monitor", "cluster_manage_index_templates", _BULK],
        ["create_index", "read", "write", "indices:admin/refresh*"],
    ),
    "no_templates": _opensearch_role(["cluster_monitor", _BULK], ["indices_all"]),
    "no_writes": _opensearch_role(["cluster_monitor", "cluster_manage_index_templates", _BULK], ["read"]),
    "nothing": {},
}
USERS = {"admin": "superuser", "pusher": "pusher", "no_templates": "no_templates", "no_writes": "no_writes",
         "nobody": "nothing"}  # fmt: skip
_SETTINGS = {
    "xpack.security.enabled": "true",
    "xpack.security.autoconfiguration.enabled": "false",
    "xpack.security.http.ssl.enabled": "true",
    "xpack.security.http.ssl.key": "server.key",
    "xpack.security.http.ssl.certificate": "server.pem",
    # A certificate that is replaced is read again within a second.
    "resource.reload.interval.high": "1s",
}
_OPENSEARCH_SETTINGS = {
    "plugins.security.allow_default_init_securityindex": "true",
    "plugins.security.ssl.http.enabled": "true",
    **{
        f"plugins.security.ssl.{side}.{part}_filepath": file
        for side in ("http", "transport")
        for part, file in (("pemkey", "server.key"), ("pemcert", "server.pem"), ("pemtrustedcas", "ca.pem"))
    },
}
_END = "-----END CERTIFICATE-----"
_YEAR = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, as files for a server, and the fingerprint people pass."""

    text: str
    key: str

    @property
    def fingerprint(self) -> str:
        """SHA-256, in pairs of digits as openssl prints it."""
        return _fingerprint(self.text)


@dataclass(frozen=True)
class SecureServer:
    """A running server with security; `ca_cert` is the file of the authority that signed its certificate.

    Not every kind takes up another certificate while it runs.
    """

    server: SearchServer
    authority: trustme.CA
    certificate: Certificate
    ca_cert: Path
    is_opensearch: bool

    @property
    def authority_fingerprint(self) -> str:
        """The fingerprint of who signed the certificate, which the server shows too."""
        return _fingerprint(self.authority.cert_pem.bytes().decode())

    def present(self, certificate: Certificate) -> None:
        """Let the server show another certificate, and wait until it does."""
        config = self.server.folder / "config"
        (config / "server.key").write_text(certificate.key)
        (config / "server.pem").write_text(certificate.text)
        host, port = self.server.url.removeprefix("https://").split(":")
        deadline = time.monotonic() + 20
        while ssl.get_server_certificate((host, int(port))) not in certificate.text:
            if time.monotonic() > deadline:
                raise TimeoutError("the server still shows its old certificate")
            time.sleep(0.2)


def issue(authority: trustme.CA, *names: str, is_expired: bool = False) -> Certificate:
    """Return a certificate for some names and addresses."""
    now = datetime.datetime.now(datetime.UTC)
    until = now - datetime.timedelta(days=1) if is_expired else now + _YEAR
    made = authority.issue_cert(*names, not_before=now - _YEAR, not_after=until)
    text = b"".join(blob.bytes() for blob in (*made.cert_chain_pems, authority.cert_pem)).decode()
    # OpenSearch reads no other form of a key.
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    return Certificate(text, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def start_secure(kind: str, folder: Path) -> SecureServer:
    """Start an `elasticsearch 9`, `elasticsearch 8` or `opensearch` with security; raises fetch.Unavailable."""
    authority = trustme.CA()
    ca_cert = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_cert))
    certificate = issue(authority, "localhost", "127.0.0.1")
    files = {"server.key": certificate.key, "server.pem": certificate.text, "ca.pem": ca_cert.read_text()}
    trusted = ssl.create_default_context(cafile=str(ca_cert))
    if kind == "opensearch":
        server = start_secured_opensearch(_OPENSEARCH_SETTINGS, {**files, **_opensearch_users()}, trusted)
    else:
        server = start_elasticsearch(kind[-1], _SETTINGS, {**files, **_users()}, trusted)
    return SecureServer(server, authority, certificate, ca_cert, is_opensearch=kind == "opensearch")


def _users() -> dict[str, str]:
    return {
        "roles.yml": _ROLES,
        "users": "".join(f"{name}:{_hashed(PASSWORD)}\n" for name in USERS),
        "users_roles": "".join(f"{role}:{name}\n" for name, role in USERS.items()),
    }


def _opensearch_users() -> dict[str, str]:
    """Return what OpenSearch takes its users and their rights from, each file with the type of what it holds."""
    basic = {
        "http_enabled": True,
        "order": 0,
        "http_authenticator": {"type": "basic", "challenge": True},
        "authentication_backend": {"type": "intern"},
    }
    off = {"config": {"enabled": False}}
    texts: dict[str, dict[str, Any]] = {
        "config": {"config": {"dynamic": {"authc": {"basic": basic}}}},
        "internalusers": {name: {"hash": _BCRYPT} for name in USERS},
        "roles": _OPENSEARCH_ROLES,
        "rolesmapping": {role: {"users": [name]} for name, role in USERS.items()},
        "actiongroups": {},
        "tenants": {},
        "nodesdn": {},
        **dict.fromkeys(("allowlist", "whitelist", "audit"), off),
    }
    files = {"internalusers": "internal_users", "rolesmapping": "roles_mapping", "actiongroups": "action_groups",
             "nodesdn": "nodes_dn"}  # fmt: skip
    return {
        f"opensearch-security/{files.get(name, name)}.yml": json.dumps(
            {"_meta": {"type": name, "config_version": 2}, **text}
        )
        for name, text in texts.items()
    }


def _fingerprint(text: str) -> str:
    first = text[: text.index(_END) + len(_END)]
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest().upper()
    return ":".join(digest[place : place + 2] for place in range(0, 64, 2))


def _hashed(password: str, rounds: int = 10_000) -> str:
    """Return a password as the file of users keeps it."""
    salt = b"salt" * 8
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 32)
    return f"{{PBKDF2}}{rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
