"""The log files of Kubernetes nodes, as container runtimes write them (CRI): time, stream, part or full, the line."""

from __future__ import annotations

from loglens.ingest.layout import Wrapper
from loglens.ingest.wrapping import wrapping_format

FORMAT = wrapping_format(
    name="cri",
    title="container runtimes (CRI), around lines of any format",
    marks="a time with nanoseconds, a stream, and P or F for part or full before every line",
    example='2026-01-15T09:00:00.250000000Z stdout F {"level":"info","message":"started"}\n'
    "2026-01-15T09:00:01.250000000Z stderr P a line that was \n"
    "2026-01-15T09:00:01.250000001Z stderr F cut in two\n",
    wrapper=Wrapper(
        r"^(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) (?P<stream>stdout|stderr) (?P<tag>[PF](?::\S*)?)"
        r" (?P<text>.*)$"
    ),
)
