"""Servers that contenders talk to, each a process of its own beside what is measured."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.comparison import Service
from benchmarks.inputs import filled


@contextmanager
def serving(services: Sequence[Service], environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start servers and give the addresses of those that answer, by name; stop them at the end."""
    addresses: dict[str, str] = {}
    with ExitStack() as running:
        for service in services:
            command = filled(service.command, {})
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environment), text=True
            )
            running.callback(_stop, process)
            assert process.stdout
            if address := process.stdout.readline().strip():
                addresses[service.name] = address
        yield addresses


def _stop(process: subprocess.Popen[str]) -> None:
    """Close its input, at the end of which a service stops itself."""
    process.communicate()
