"""An Elasticsearch that wants to know who asks: TLS of an authority made for it, and users from a file."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import trustme

from servers.search import SearchServer, start_elasticsearch

PASSWORD = "correct-horse-battery"
# Who may do what: what docs/elasticsearch.md asks for, and two who lack a part of it.
ROLES = """
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
    """A running server with security; `ca_cert` is the file of the authority that signed its certificate."""

    server: SearchServer
    authority: trustme.CA
    certificate: Certificate
    ca_cert: Path

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
    return Certificate(text, made.private_key_pem.bytes().decode())


def start_secure(folder: Path) -> SecureServer:
    """Start an Elasticsearch 9 with security; raises fetch.Unavailable."""
    authority = trustme.CA()
    ca_cert = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_cert))
    certificate = issue(authority, "localhost", "127.0.0.1")
    files = {
        "server.key": certificate.key,
        "server.pem": certificate.text,
        "roles.yml": ROLES,
        "users": "".join(f"{name}:{_hashed(PASSWORD)}\n" for name in USERS),
        "users_roles": "".join(f"{role}:{name}\n" for name, role in USERS.items()),
    }
    trusted = ssl.create_default_context(cafile=str(ca_cert))
    server = start_elasticsearch("9", _SETTINGS, files, trusted)
    return SecureServer(server, authority, certificate, ca_cert)


def _fingerprint(text: str) -> str:
    first = text[: text.index(_END) + len(_END)]
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest().upper()
    return ":".join(digest[place : place + 2] for place in range(0, 64, 2))


def _hashed(password: str, rounds: int = 10_000) -> str:
    """Return a password as the file of users keeps it."""
    salt = b"salt" * 8
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 32)
    return f"{{PBKDF2}}{rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
