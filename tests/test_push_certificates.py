"""Certificates of servers that are not trusted: what is wrong with each is told, with what to do."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from servers.local import Answering, serving

from loglens.push.access import Given, access
from loglens.push.server import PushError, connect

NOW = datetime.datetime.now(datetime.UTC)
YEAR, DAY = datetime.timedelta(days=365), datetime.timedelta(days=1)
EXPIRED = {"not_before": NOW - YEAR, "not_after": NOW - DAY}
EARLY = {"not_before": NOW + DAY, "not_after": NOW + YEAR}


class Handler(Answering):
    """Says that it is an Elasticsearch."""

    def do_GET(self) -> None:
        self.answer(200, b'{"version":{"number":"9.2.4"}}')


@pytest.mark.parametrize(
    ("name", "times", "is_known", "wording"),
    [
        ("127.0.0.1", {}, True, ""),
        ("127.0.0.1", EXPIRED, True, "it has expired. Have it renewed, or set the clock of this machine right."),
        ("127.0.0.1", EARLY, True, "it is not valid yet. Set the clock of this machine right, or have it renewed."),
        ("other", {}, True, "it is for another host name. Use the name in the certificate, or --fingerprint."),
        (
            "127.0.0.1", {}, False,
            "nobody this machine knows has signed it. Pass its authority with --ca-cert, or --fingerprint.",
        ),
    ],
)  # fmt: skip
def test_certificates(name: str, times: Mapping[str, Any], is_known: bool, wording: str, tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **times).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving(Handler, context) as port:
        url = f"https://127.0.0.1:{port}"
        reached = access(Given(url, ca_cert=str(tmp_path / "ca.pem") if is_known else None), {})
        if not wording:
            assert connect(reached).name == "Elasticsearch 9.2.4"
            return
        with pytest.raises(PushError) as refused:
            connect(reached)
    assert str(refused.value) == f"The certificate of {url} is not trusted: {wording}"


def test_a_server_without_tls() -> None:
    with serving(Handler) as port, pytest.raises(PushError) as refused:
        connect(access(Given(f"https://127.0.0.1:{port}"), {}))
    assert str(refused.value) == f"https://127.0.0.1:{port} speaks no TLS. Say http:// instead of https://."
