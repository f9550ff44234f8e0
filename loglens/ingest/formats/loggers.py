"""What the layouts of loggers are made of: their levels, and a row of layouts for every way of writing the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loglens.ingest.layout import Layout
from loglens.ingest.levels import LEVEL_NAMES
from loglens.ingest.time_layouts import TimeLayout

LEVEL_WORDS = "|".join(sorted((name for name in LEVEL_NAMES if len(name) > 2), key=len, reverse=True))
# Any word may be a word of the message, unless it is in capitals.
LEVEL_IN_MESSAGE = rf"nullif(regexp_extract({{message}}, '^[^\n]{{{{0,80}}}}?\b({LEVEL_WORDS.upper()})\b', 1), '')"
JAVA_LEVEL = r"(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|FINE|FINER|FINEST|CONFIG)"
PYTHON_LEVEL = r"(?P<level>TRACE|DEBUG|INFO|SUCCESS|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)"
# Groups that are attributes of the same meaning in every layout.
_ATTRIBUTES = {
    "thread": "thread.name", "thread_number": "thread.id", "pid": "process.pid", "file": "code.file.path",
    "file_line": "code.line.number", "function": "code.function.name", "host": "host.name", "client": "client.address",
}  # fmt: skip
_NUMBERS = frozenset({"process.pid", "code.line.number", "http.response.body.size"})


def rows(
    times: tuple[TimeLayout, ...],
    patterns: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    attributes: Mapping[str, str] | None = None,
    levels: Mapping[str, int] | None = None,
    absent: tuple[str, ...] = ("", "-"),
) -> Iterator[Layout]:
    """Yield a layout for every pattern with every time; `<time>` in a pattern is where that stands."""
    for time in times:
        for name, shape in patterns.items():
            pattern = f"^{shape.replace('<time>', f'(?P<time>{time.pattern})')}$"
            own = {key: value for key, value in (columns or {}).items() if _needs(value, pattern)}
            named = {name: f"{{{group}}}" for group, name in _ATTRIBUTES.items() if f"(?P<{group}>" in pattern}
            named |= {key: value for key, value in (attributes or {}).items() if _needs(value, pattern)}
            yield Layout(
                f"{name}, {time.name}", pattern, time, own, named, _NUMBERS, absent=absent, levels=levels or {}
            )


def _needs(source: str, pattern: str) -> bool:
    """Say whether a pattern has all groups that a source names."""
    from string import Formatter

    groups = {group for _, group, _, _ in Formatter().parse(source) if group}
    return all(f"(?P<{group}>" in pattern for group in groups)
