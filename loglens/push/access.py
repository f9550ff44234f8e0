"""How a server is reached: its address and the credentials, which never appear in words, process lists or the store."""

from __future__ import annotations

import os
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
    ca_cert = given.ca_cert or variables.get(variable("ca_cert"))
    if ca_cert and not Path(ca_cert).is_file():
        raise NotFound(f"No certificate at {ca_cert}.")
    reached = Access(
        url,
        api_key=found("api_key", given.api_key_file),
        user=given.user or variables.get(variable("user")),
        password=given.password or found("password", given.password_file),
        ca_cert=ca_cert,
        fingerprint=given.fingerprint or variables.get(variable("fingerprint")),
        insecure=given.insecure,
    )
    if reached.api_key and reached.user:
        raise UsageError("An API key and a user exclude each other; give one of them.")
    return reached


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
