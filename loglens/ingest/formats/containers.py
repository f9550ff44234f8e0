"""What `docker compose logs` and `kubectl logs --prefix` write before each line: the service or the pod, a time."""

from __future__ import annotations

from loglens.ingest.layout import Wrapper
from loglens.ingest.wrapping import wrapping_format

_COLOUR = r"(?:\x1b\[[0-9;]*[A-Za-z])*"
_TIME = r"(?:(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) )?"

COMPOSE = wrapping_format(
    name="compose",
    title="docker compose logs, around lines of any format",
    marks="a service, spaces and a bar before every line",
    example='web-1  | {"time":"2026-01-15T09:00:00Z","level":"info","message":"started"}\n'
    "redis-1  | 1:M 15 Jan 2026 09:00:00.250 * Ready to accept connections tcp\n",
    # The number of the container stands behind a hyphen, in versions before 2 behind an underscore.
    wrapper=Wrapper(
        rf"^{_COLOUR}(?P<instance>(?P<service>[A-Za-z][\w.-]*?)(?:[-_]\d+)?) +\|{_COLOUR} ?{_COLOUR}"
        rf"{_TIME}(?P<text>.*)$"
    ),
)
KUBECTL = wrapping_format(
    name="kubectl",
    title="kubectl logs --prefix, around lines of any format",
    marks="a pod and a container in brackets before every line",
    example='[pod/web-5d9c7b8f4-x2k9q/web] {"time":"2026-01-15T09:00:00Z","level":"info","message":"started"}\n',
    wrapper=Wrapper(rf"^\[pod/(?P<instance>[^/\]\s]+)/(?P<service>[^\]\s]+)\] {_TIME}(?P<text>.*)$"),
)
