"""How a server is reached: its address and the credentials, which never appear in words, process lists or the store."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from loglens.errors import NotFound, UsageError

PREFIX = "LOGLENS_ES_"
_SCHEMES = ("http", "https")
_PORT = 9200


@dataclass(frozen=True)
class Access:
    """Where to push, and as whom."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_cert: str | None = None
    fingerprint: str | None = None
    insecure: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, where packing costs more than it saves."""
        return urlsplit(self.url).hostname in {"localhost", "127.0.0.1", "::1"}

    @property
    def is_open(self) -> bool:
        """Whether a secret crosses a network in the clear."""
        return self.url.startswith("http:") and not self.is_local and bool(self.api_key or self.user)


@dataclass(frozen=True)
class Given:
    """What the command line says of access; None where it says nothing. Secrets come from files only."""

    url: str | None = None
    api_key_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None
    password: str | None = field(default=None, repr=False)
    ca_cert: str | None = None
    fingerprint: str | None = None
    insecure: bool = False


def variable(name: str) -> str:
    """Return the environment variable of a part of the access."""
    return f"{PREFIX}{name.upper()}"


def access(given: Given, environment: Mapping[str, str] | None = None) -> Access:
    """Return the access from the command line, then the environment, where `NAME_FILE` names a file with the value.

    Raises UsageError where there is no address or it cannot be used, NotFound for a file that is not there.
    """
    variables = os.environ if environment is None else environment

    def found(name: str, file: Path | None = None) -> str | None:
        path = file or variables.get(variable(f"{name}_file"))
        return (
            _read(Path(path)) if path and (file or not variables.get(variable(name))) else variables.get(variable(name))
        )

    url = _checked(given.url or variables.get(variable("url")) or "")
    reached = Access(
        url,
        api_key=_header(found("api_key", given.api_key_file)),
        user=given.user or found("user"),
        password=given.password or found("password", given.password_file),
        ca_cert=_certificate(given.ca_cert or variables.get(variable("ca_cert"))),
        fingerprint=_fingerprint(given.fingerprint or found("fingerprint")),
        insecure=given.insecure,
    )
    if reached.api_key and reached.user:
        raise UsageError("An API key and a user exclude each other; give one of them.")
    if reached.user and not reached.password:
        raise UsageError(
            f"A user without a password: name a file that holds it with --password-file, or set {variable('password')}."
        )
    return reached


def _header(secret: str | None) -> str | None:
    """Return a secret that can be sent as it is; raises UsageError for one with blanks, without repeating it."""
    if secret and not re.fullmatch(r"[\x21-\x7e]+", secret):
        raise UsageError("The API key has a blank, a line break or a letter that no key has; give the key alone.")
    return secret


def _certificate(path: str | None) -> str | None:
    if path is None:
        return None
    import ssl

    if not Path(path).is_file():
        raise NotFound(f"No certificate at {path}.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:
        raise NotFound(f"No certificate can be read from {path}; --ca-cert takes one in PEM.") from error
    return path


def _fingerprint(text: str | None) -> str | None:
    """Return the digits of a fingerprint as openssl or Elasticsearch prints it; raises UsageError for another one."""
    if text is None:
        return None
    digits = text.rpartition("=")[2].replace(":", "").strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise UsageError(
            "--fingerprint takes the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons."
        )
    return digits


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"Cannot read the secret in {path}: {getattr(error, 'strerror', None) or error}.") from error


def _checked(url: str) -> str:
    """Return the address with its port; raises UsageError for none, and for one that holds a password."""
    if not url:
        raise UsageError(f"Where to? Name a server with --to https://host:9200, or set {variable('url')}.")
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{parts.hostname} has no such port: {error}.") from error
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise UsageError("--to takes an address such as http://localhost:9200 or https://search.example.org.")
    if parts.username or parts.password:
        raise UsageError("A password in an address is seen by everyone on the machine; use --user and --password-file.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    standard = 443 if parts.scheme == "https" and "://" in url and port is None else _PORT
    return f"{parts.scheme}://{host}:{port or standard}{parts.path.rstrip('/')}"
