"""Pushing to a server that wants to know who asks: what opens it, what does not, and what is said then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Done
from servers import fetch
from servers.fixtures import GIVEN, KINDS
from servers.secure import PASSWORD, USERS, SecureServer, issue, start_secure

from loglens.ingest.run import IngestRequest, ingest
from loglens.push.refusals import OPENSEARCH_RIGHTS, RIGHTS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

Run = Callable[..., Done]


@pytest.fixture(scope="module", params=[] if GIVEN else KINDS)
def secure(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureServer]:
    try:
        started = start_secure(request.param, tmp_path_factory.mktemp("secure"))
    except fetch.Unavailable as problem:
        if os.environ.get("LOGLENS_TEST_SERVERS_REQUIRED"):
            raise
        pytest.skip(f"{request.param}: {problem}")
    yield started
    started.server.stop()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    lines = [f'{{"time":"2026-01-15T09:00:0{n}Z","level":"info","message":"m{n}"}}\n' for n in range(9)]
    (tmp_path / "app.log").write_text("".join(lines))
    ingest(IngestRequest([str(tmp_path / "app.log")], tmp_path / "x.duckdb"))
    return tmp_path / "x.duckdb"


@pytest.fixture
def run(store: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `loglens push events` with words and an environment."""
    from loglens.cli.main import run as command

    def ran(*words: str | Path, namespace: str, **environment: str | Path) -> Done:
        for name, value in environment.items():
            monkeypatch.setenv(f"LOGLENS_ES_{name.upper()}", str(value))
        with pytest.raises(SystemExit) as left:
            command(["push", "events", "--db", str(store), "--namespace", namespace, *map(str, words)])
        for name in environment:
            monkeypatch.delenv(f"LOGLENS_ES_{name.upper()}")
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        assert PASSWORD not in out + err
        return Done(left.value.code, out, err)

    return ran


@pytest.fixture
def password(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    return tmp_path / "password"


def ask(secure: SecureServer, method: str, path: str, body: Any = None) -> Any:
    """Ask the server as its administrator."""
    headers = {"content-type": "application/json"}
    headers["authorization"] = f"Basic {b64encode(f'admin:{PASSWORD}'.encode()).decode()}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{secure.server.url}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60, context=secure.server.trusted) as response:
        return json.loads(response.read())


def held(secure: SecureServer, namespace: str) -> int:
    ask(secure, "POST", f"/loglens-{namespace}-*/_refresh")
    return int(ask(secure, "GET", f"/loglens-{namespace}-*/_count")["count"])


def test_a_private_authority(secure: SecureServer, run: Run, password: Path) -> None:
    """The rights that the manual names are enough, everything from the command line; a second push changes nothing."""
    words = ("--to", secure.server.url, "--user", "pusher", "--password-file", password, "--ca-cert", secure.ca_cert)
    assert run(*words, namespace="authority").code == 0
    assert held(secure, "authority") == 9
    again = run(*words, "--format", "json", namespace="authority")
    (line,) = json.loads(again.out)
    assert (again.code, line["sent"], line["unchanged"]) == (0, 0, 9)


@pytest.mark.parametrize("is_in_files", [False, True])
def test_all_from_the_environment(is_in_files: bool, secure: SecureServer, run: Run, tmp_path: Path) -> None:
    """Address, user, password and certificate, each as it is or in a file that the environment names."""
    given = {"user": "pusher", "password": PASSWORD, "fingerprint": secure.certificate.fingerprint}
    if is_in_files:
        for name, text in given.items():
            (tmp_path / name).write_text(f"{text}\n")
        given = {f"{name}_file": str(tmp_path / name) for name in given}
    namespace = f"environment{int(is_in_files)}"
    assert run(namespace=namespace, url=secure.server.url, **given).code == 0
    assert held(secure, namespace) == 9


@pytest.mark.parametrize("which", ["certificate", "authority", "openssl"])
def test_a_fingerprint(which: str, secure: SecureServer, run: Run, password: Path) -> None:
    """The certificate's, that of who signed it, and one as openssl prints it."""
    fingerprint = {
        "certificate": secure.certificate.fingerprint,
        "authority": secure.authority_fingerprint,
        "openssl": f"sha256 Fingerprint={secure.certificate.fingerprint}",
    }[which]
    words = ("--to", secure.server.url, "--user", "pusher", "--password-file", password, "--fingerprint", fingerprint)
    assert run(*words, namespace=f"fingerprint-{which}").code == 0
    assert held(secure, f"fingerprint-{which}") == 9


def test_insecure_warns_once(secure: SecureServer, run: Run, password: Path) -> None:
    words = ("--to", secure.server.url, "--user", "pusher", "--password-file", password, "--insecure")
    done = run(*words, namespace="insecure")
    assert done.code == 0
    assert done.err.count("nsecure") == 1
    assert held(secure, "insecure") == 9


WRONG: Mapping[str, tuple[int, str, str]] = {
    "untrusted certificate": (
        1,
        "--to {url} --user pusher --password-file {password}",
        "nobody this machine knows has signed it. Pass its authority with --ca-cert, or --fingerprint",
    ),
    "authority of others": (
        1,
        "--to {url} --user pusher --password-file {password} --ca-cert {other_ca}",
        "nobody this machine knows has signed it. Pass its authority with --ca-cert, or --fingerprint",
    ),
    "no authority at all": (
        1,
        "--to {url} --user pusher --password-file {password} --ca-cert {password}",
        "--ca-cert takes one in PEM",
    ),
    "another fingerprint": (
        1,
        "--to {url} --user pusher --password-file {password} --fingerprint " + "0f" * 32,
        "its fingerprint is another. Compare it, and pass the right one with --fingerprint",
    ),
    "half a fingerprint": (
        2,
        "--to {url} --user pusher --password-file {password} --fingerprint 0f0f",
        "--fingerprint takes the SHA-256 of a certificate",
    ),
    "another host": (
        1,
        "--to {other_host} --user pusher --password-file {password} --ca-cert {ca}",
        "it is for another host name. Use the name in the certificate",
    ),
    "no TLS": (1, "--to {plain} --user pusher --password-file {password}", "a server with TLS wants https://"),
    "closed port": (
        1,
        "--to https://127.0.0.1:9 --user pusher --password-file {password}",
        "Nothing answers at https://127.0.0.1:9: connection refused. Is the server up, and the address right?",
    ),
    "wrong password": (
        1,
        "--to {url} --user pusher --password-file {wrong} --ca-cert {ca}",
        "does not know these credentials (401). Check the user and password, or the API key",
    ),
    "wrong key": (
        1,
        "--to {url} --api-key {wrong} --ca-cert {ca}",
        "does not know these credentials (401). Check the user and password, or the API key",
    ),
    "key of two lines": (2, "--to {url} --api-key {two_lines} --ca-cert {ca}", "has a blank, a line break"),
    "no credentials": (1, "--to {url} --ca-cert {ca}", "wants to know who asks (401). Say so with --user or --api-key"),
    "no password": (2, "--to {url} --user pusher --ca-cert {ca}", "holds it with --password-file"),
    "no rights to templates": (
        1,
        "--to {url} --user no_templates --password-file {password} --ca-cert {ca}",
        "{rights}",
    ),
    "no rights to write": (
        1,
        "--to {url} --user no_writes --password-file {password} --ca-cert {ca}",
        "{rights}",
    ),
    "no rights at all": (
        1,
        "--to {url} --user nobody --password-file {password} --ca-cert {ca}",
        "does not allow this (403)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_sentence_says_what_to_do(
    case: str, secure: SecureServer, run: Run, password: Path, tmp_path: Path
) -> None:
    """Each thing that can be wrong with the way in is named, with what to do, and nothing is sent."""
    import trustme

    code, words, wording = WRONG[case]
    (tmp_path / "wrong").write_text("no-such-secret\n")
    (tmp_path / "two lines").write_text("id\nsecret-of-two-lines\n")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    url = secure.server.url
    values = {
        "url": url,
        "plain": url.replace("https", "http"),
        "other_host": url.replace("127.0.0.1", "[::1]"),
        "ca": str(secure.ca_cert),
        "other_ca": str(tmp_path / "other.pem"),
        "password": str(password),
        "wrong": str(tmp_path / "wrong"),
        "two_lines": str(tmp_path / "two lines"),
    }
    done = run(*(word.format(**values) for word in words.split()), namespace="wrong")
    assert (done.code, done.out) == (code, "")
    assert wording.format(rights=OPENSEARCH_RIGHTS if secure.is_opensearch else RIGHTS) in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert "secret" not in done.err.replace("secret in", "")
    assert held(secure, "wrong") == 0


def test_an_expired_certificate(secure: SecureServer, run: Run, password: Path) -> None:
    """What to do about it is said; the server takes up a new certificate while it runs."""
    if secure.is_opensearch:
        pytest.skip("OpenSearch reads its certificate once")
    expired = issue(secure.authority, "127.0.0.1", is_expired=True)
    try:
        secure.present(expired)
        words = ("--to", secure.server.url, "--user", "pusher", "--password-file", password)
        done = run(*words, "--ca-cert", secure.ca_cert, namespace="expired")
    finally:
        secure.present(secure.certificate)
    assert done.code == 1
    assert "is not trusted: it has expired. Have it renewed, or set the clock of this machine right." in done.err


def test_an_index_without_writes(secure: SecureServer, run: Run, password: Path) -> None:
    """What a read-only index refuses is kept, with what to do, and arrives when it takes writes again."""
    words = ("--to", secure.server.url, "--user", "pusher", "--password-file", password, "--ca-cert", secure.ca_cert)
    index = "/loglens-closed-logs-2026.01.15"
    assert run(*words, "--until", "2026-01-15T09:00:04Z", namespace="closed").code == 0
    assert held(secure, "closed") == 4
    ask(secure, "PUT", f"{index}/_settings", {"index.blocks.read_only": True})
    done = run(*words, namespace="closed")
    assert done.code == 1
    assert "9 documents: index [loglens-closed-logs-2026.01.15] blocked by" in done.err
    assert "set its index.blocks.write and index.blocks.read_only to null" in done.err
    assert "--retry-rejects" in done.err
    ask(secure, "PUT", f"{index}/_settings", {"index.blocks.read_only": None})
    assert run(*words, "--retry-rejects", namespace="closed").code == 0
    assert held(secure, "closed") == 9
    assert run(*words, namespace="closed").code == 0


def test_an_index_of_others(secure: SecureServer, run: Run, password: Path) -> None:
    """One that was there before its template is told, with what to do."""
    words = ("--to", secure.server.url, "--user", "pusher", "--password-file", password, "--ca-cert", secure.ca_cert)
    ask(secure, "PUT", "/loglens-early-logs-2026.01.15")
    done = run(*words, namespace="early")
    assert done.code == 1
    assert "was there before its template: delete it, or push under other names with --namespace" in done.err


def test_secrets_stay_secret(secure: SecureServer, store: Path, password: Path, tmp_path: Path) -> None:
    """The password is in no list of processes while a push runs, and in no file it leaves behind."""
    command = [sys.executable, "-m", "loglens", "push", "events", "--db", str(store), "--to", secure.server.url]
    command += ["--ca-cert", str(secure.ca_cert), "--user", "pusher", "--namespace", "secret"]
    seen = []
    with subprocess.Popen([*command, "--password-file", str(password)], stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            seen.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())
            time.sleep(0.05)
        assert process.stderr
        assert PASSWORD not in process.stderr.read()
    assert process.returncode == 0
    assert seen
    assert not [line for line in seen if PASSWORD.encode() in line]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path != password]
    assert not [path for path in left if PASSWORD.encode() in path.read_bytes()]
    with duckdb.connect(store, read_only=True) as connection:
        (target,) = connection.execute("SELECT DISTINCT target FROM push_events").fetchall()
    assert target == (f"{secure.server.url} daily loglens-secret",)
    assert set(USERS) >= {"pusher"}
