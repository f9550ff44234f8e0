"""The log file of each service, in the shape its log library writes."""

from __future__ import annotations

import json
from collections.abc import Callable

from loglens.demo.engine import MILLISECOND, SECOND
from loglens.demo.platform import DEPLOYMENTS, START_NS, World
from loglens.demo.telemetry import Fields, Level, Record
from loglens.demo.writers.lines import Lines, compact_json, iso_time

PYTHON_LEVELS = {Level.WARN: "WARNING"}


def files(world: World) -> dict[str, Lines]:
    """Return the log lines of every service by file name."""
    written: dict[str, Lines] = {}
    for deployment in DEPLOYMENTS:
        lines = written[f"{deployment.service}.log"] = Lines()
        banner = BANNERS.get(deployment.service, ())
        for text in banner:
            lines.add(START_NS, text, "plain" if text else "blank")
        spell = SHAPES[deployment.service]
        records = [record for record in world.output.records if record.instance.service == deployment.service]
        torn = len(records) // 2 if deployment.service == "mcp-tools" else None
        for number, record in enumerate(sorted(records, key=lambda each: each.at_ns)):
            text = spell(record)
            if number == torn:
                lines.add(record.at_ns, text[: len(text) // 2], "broken")
            lines.add(record.at_ns, text, "records")
    return written


def _json_formatter(record: Record) -> str:
    place = record.place
    line = {
        "timestamp": iso_time(record.at_ns, 6),
        "level": PYTHON_LEVELS.get(record.level, record.level.name),
        "logger": place.logger,
        "message": record.message,
        "module": place.module,
        "function": place.function,
        "line": place.line,
        "service": record.instance.service,
    }
    return json.dumps(line | _with_duration(record, lambda ns: round(ns / SECOND, 6)))


def _zerolog(record: Record) -> str:
    line = {"level": record.level.name.lower(), "service": record.instance.service}
    fields = _with_duration(record, lambda ns: round(ns / MILLISECOND, 6))
    end = {"time": iso_time(record.at_ns, 3) + "Z", "message": record.message}
    return compact_json(line | fields | end)


def _slog(record: Record) -> str:
    line = {
        "time": iso_time(record.at_ns, 9) + "Z",
        "level": record.level.name,
        "msg": record.message,
        "service": record.instance.service,
    }
    return compact_json(line | _with_duration(record, lambda ns: ns))


def _zap(record: Record) -> str:
    seconds, rest = divmod(record.at_ns, SECOND)
    line = {
        "level": record.level.name.lower(),
        "ts": "@",
        "caller": f"{record.place.module}:{record.place.line}",
        "msg": record.message,
        "service": record.instance.service,
    }
    text = compact_json(line | _with_duration(record, lambda ns: round(ns / SECOND, 9)))
    # zap writes epoch seconds with a fraction; a Python float would round it differently.
    return text.replace('"@"', f"{seconds}.{rest // 1000:06d}", 1)


def _with_duration(record: Record, spell: Callable[[int], float]) -> Fields:
    fields = dict(record.fields)
    duration = fields.pop("duration_ns", None)
    if isinstance(duration, int):
        fields["duration"] = spell(duration)
    return fields


SHAPES: dict[str, Callable[[Record], str]] = {
    "llm-api": _json_formatter,
    "response-api": _json_formatter,
    "media-api": _zerolog,
    "mcp-tools": _slog,
    "media-worker": _zap,
}

BANNERS = {
    "llm-api": ("Applying migrations: nothing to do", "Listening on 0.0.0.0:8080"),
    "media-api": ("media-api listening on :8285", ""),
}
