"""Starting Elasticsearch and OpenSearch."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers import fetch

START_S = 240
NOBODY = 65534
_SETTINGS = {
    "discovery.type": "single-node",
    "network.host": "_local_",
    "transport.port": "0",
    "node.store.allow_mmap": "false",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "action.destructive_requires_name": "false",
}
_OPENSEARCH_OPTIONS = """
-Djava.io.tmpdir=${OPENSEARCH_TMPDIR}
18-:-Djava.security.manager=allow
-Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory
"""


@dataclass
class SearchServer:
    """A running server: its address, and the means to kill and revive it."""

    url: str
    command: list[str]
    folder: Path
    environment: Mapping[str, str]
    is_nobody: bool
    trusted: ssl.SSLContext | None = None
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        identity: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.is_nobody else {}
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=dict(self.environment),
                stdout=output,
                stderr=output,
                start_new_session=True,
                **identity,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "output").read_text(errors="replace")[-3000:]
                self.kill()
                raise RuntimeError(f"no server at {self.url}:\n{said}")
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            path = "/_cluster/health?wait_for_status=yellow&timeout=1s"
            urllib.request.urlopen(f"{self.url}{path}", timeout=3, context=self.trusted).close()
        except urllib.error.HTTPError as error:
            # A server with security answers, and wants to know who asks.
            return error.code == 401
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Stop it as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Stop it and remove what it kept."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_elasticsearch(
    line: str,
    settings: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    trusted: ssl.SSLContext | None = None,
) -> SearchServer:
    """Start an Elasticsearch of a line, with files beside its settings; raises fetch.Unavailable.

    Who is trusted to sign its certificate is given where it has one.
    """
    home, java = fetch.elasticsearch(line), fetch.java(21 if line == "9" else 17)
    return _start(home, java, "ES", {"xpack.security.enabled": "false", **(settings or {})}, files or {}, trusted)


def start_secured_opensearch(
    settings: Mapping[str, str], files: Mapping[str, str], trusted: ssl.SSLContext
) -> SearchServer:
    """Start an OpenSearch with its security plugin, as an Elasticsearch is; raises fetch.Unavailable."""
    # It runs in a sandbox that Java 24 has taken out.
    home, java = fetch.secured_opensearch(), fetch.java(17, 23)
    # Its own options write logs into the folder it was unpacked to.
    options = {"jvm.options": _OPENSEARCH_OPTIONS}
    return _start(home, java, "OPENSEARCH", settings, {**files, **options}, trusted)


def _start(
    home: Path,
    java: Path,
    variables: str,
    settings: Mapping[str, str],
    files: Mapping[str, str],
    trusted: ssl.SSLContext | None,
) -> SearchServer:
    product = home.name.partition("-")[0]
    folder = Path(tempfile.mkdtemp(prefix="loglens-search-"))
    port = free_port()
    config, scratch = folder / "config", folder / "tmp"
    scratch.mkdir()
    shutil.copytree(home / "config", config)
    wanted = {
        **_SETTINGS,
        "http.port": str(port),
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        **settings,
    }
    (config / f"{product}.yml").write_text("".join(f"{key}: {value}\n" for key, value in wanted.items()))
    for name, text in files.items():
        (config / name).parent.mkdir(exist_ok=True)
        (config / name).write_text(text)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        f"{variables}_JAVA_HOME": str(java),
        f"{variables}_PATH_CONF": str(config),
        f"{variables}_JAVA_OPTS": "-Xms512m -Xmx512m",
        f"{variables}_TMPDIR": str(scratch),
    }
    url = f"{'https' if trusted else 'http'}://127.0.0.1:{port}"
    return _started(url, [str(home / "bin" / product)], folder, environment, trusted)


def start_opensearch() -> SearchServer:
    """Start an OpenSearch; raises fetch.Unavailable."""
    java, classpath = fetch.java(21), fetch.opensearch()
    folder = Path(tempfile.mkdtemp(prefix="loglens-search-"))
    # The runner listens on the port behind the one it is given, and takes none beyond 9299.
    port = next(port for port in random.sample(range(9201, 9299), 98) if _is_free(port))
    command = [
        str(java / "bin" / "java"), "-Xmx512m", "-cp", classpath, "org.codelibs.opensearch.runner.OpenSearchRunner",
        "-basePath", str(folder / "node"), "-numOfNode", "1", "-baseHttpPort", str(port - 1), "-clusterName", "loglens",
    ]  # fmt: skip
    return SearchServer(f"http://127.0.0.1:{port}", command, folder, dict(os.environ), is_nobody=False)


def _started(
    url: str, command: list[str], folder: Path, environment: Mapping[str, str], trusted: ssl.SSLContext | None
) -> SearchServer:
    is_root = os.getuid() == 0
    if is_root:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    return SearchServer(url, command, folder, environment, is_nobody=is_root, trusted=trusted)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
