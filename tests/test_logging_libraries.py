"""A thousand records through the logging libraries themselves: what was logged is what is stored."""

from __future__ import annotations

import io
import json
import logging
import random
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import ecs_logging
import pytest
import structlog
from loguru import logger as loguru_logger
from pythonjsonlogger.json import JsonFormatter

from loglens.ingest.run import IngestRequest, ingest

RECORDS = 1_000
START_MS = 1_768_467_600_000
LEVELS = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
TEXTS = ("paid", 'a "quoted" word', "two\nlines", "é 漢字 🎉", "tab\tand \\ back", "{curly} 100%", "<b>&amp;</b>")
# What a record says beside its message, and the column it ends in; the others stay attributes.
COLUMNS = ("service", "trace_id", "span_id", "request_id", "user_id", "status_code", "duration_ns")
ATTRIBUTES = ("tenant", "items", "ratio", "nothing")


@dataclass(frozen=True)
class Logged:
    """What an application logs: `extra` are the fields it gives beside the message."""

    ts_ms: int
    level: str
    logger: str
    message: str
    extra: dict[str, Any]
    error: ValueError | None


def logged() -> list[Logged]:
    chance = random.Random(4)
    return [
        Logged(
            START_MS + 7 * number,
            level := chance.choice(tuple(LEVELS)),
            f"app.{chance.choice('abc')}",
            f"{chance.choice(TEXTS)} {number}",
            {
                "service": chance.choice(("shop", "cart")),
                "trace_id": f"{chance.getrandbits(128) | 1 << 127:032x}",
                "span_id": f"{chance.getrandbits(64) | 1 << 63:016x}",
                "request_id": f"r-{number}",
                "user_id": f"u-{chance.randrange(50)}",
                "status_code": chance.choice((200, 404, 503)),
                "duration_ms": chance.randrange(1, 10**6) / 8,
                "tenant": chance.choice(TEXTS),
                "items": [number, {"name": chance.choice(TEXTS)}, None],
                "ratio": chance.random(),
                "nothing": chance.choice((True, False)),
            },
            raised(f"{chance.choice(TEXTS)}") if level == "error" else None,
        )
        for number in range(RECORDS)
    ]


def raised(text: str) -> ValueError:
    try:
        raise ValueError(text)  # noqa: TRY301
    except ValueError as error:
        return error


def standard(record: Logged) -> logging.LogRecord:
    """Make the record that the standard library hands to a formatter."""
    error = record.error
    values = {
        "name": record.logger, "levelname": record.level.upper(), "levelno": getattr(logging, record.level.upper()),
        "msg": "%s", "args": (record.message,), "created": record.ts_ms / 1000, "msecs": float(record.ts_ms % 1000),
        "exc_info": error and (type(error), error, error.__traceback__),
    }  # fmt: skip
    return logging.makeLogRecord(values | record.extra)


class GuideFormatter(logging.Formatter):
    """Records as JSON in the way that is found in most applications, with the standard library alone."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
        usual = logging.makeLogRecord({}).__dict__
        written = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
        }
        written |= {key: value for key, value in record.__dict__.items() if key not in usual}
        if record.exc_info:
            written["exception"] = self.formatException(record.exc_info)
        return json.dumps(written)


def by_formatter(formatter: logging.Formatter) -> Callable[[list[Logged]], str]:
    return lambda records: "".join(f"{formatter.format(standard(record))}\n" for record in records)


def by_structlog(*processors: Any) -> Callable[[list[Logged]], str]:
    def write(records: list[Logged]) -> str:
        out = io.StringIO()
        chain = [structlog.stdlib.add_log_level, *processors]
        for record in records:
            moment = datetime.fromtimestamp(record.ts_ms / 1000, UTC).isoformat()
            bound = structlog.wrap_logger(structlog.PrintLogger(out), chain, wrapper_class=structlog.BoundLogger)
            about = {"logger": record.logger, "timestamp": moment, **record.extra}
            if record.error:
                about["exc_info"] = record.error
            getattr(bound, record.level)(record.message, **about)
        return out.getvalue()

    return write


def by_loguru(records: list[Logged]) -> str:
    out = io.StringIO()
    loguru_logger.remove()
    handler = loguru_logger.add(out, serialize=True, level=0)
    for record in records:
        moment = datetime.fromtimestamp(record.ts_ms / 1000, UTC)

        def patch(made: Any, record: Logged = record, moment: datetime = moment) -> None:
            made.update(time=made["time"].__class__.fromtimestamp(moment.timestamp(), UTC), name=record.logger)

        told = loguru_logger.bind(**record.extra).patch(patch).opt(exception=record.error)
        told.log(record.level.upper(), "{}", record.message)
    loguru_logger.remove(handler)
    return out.getvalue()


LIBRARIES: dict[str, Callable[[list[Logged]], str]] = {
    "stdlib": by_formatter(GuideFormatter()),
    "python-json-logger": by_formatter(JsonFormatter("%(levelname)s %(name)s %(message)s", timestamp=True)),
    "python-json-logger, asctime": by_formatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")),
    "ecs-logging": by_formatter(ecs_logging.StdlibFormatter()),
    "structlog": by_structlog(structlog.processors.format_exc_info, structlog.processors.JSONRenderer()),
    "structlog, dict_tracebacks": by_structlog(
        structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()
    ),
    "loguru": by_loguru,
}


def traced(error: ValueError) -> str:
    return "".join(traceback.format_exception(error)).removesuffix("\n")


def listed(error: ValueError) -> str:
    """Return the list that structlog makes of an error, as it is stored."""
    made = json.loads(
        json.dumps(structlog.tracebacks.ExceptionDictTransformer()((type(error), error, error.__traceback__)))
    )
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"))


# How a library writes an error: with its trace where that is all it writes of it.
ERRORS: dict[str, Callable[[ValueError], str]] = {
    "stdlib": traced,
    "python-json-logger": traced,
    "python-json-logger, asctime": traced,
    "structlog": traced,
    "structlog, dict_tracebacks": listed,
}
# Where a library puts the fields that are given beside a message.
EXTRA = {"loguru": "$.record.extra"}


def stored(path: Path, extra: str) -> Iterator[tuple[Any, ...]]:
    (outcome,) = ingest(IngestRequest([str(path)], path.with_suffix(".duckdb"))).outcomes
    assert (outcome.action, outcome.rejects, outcome.untimed) == ("new", 0, 0)
    query = f"""
        SELECT
            ts_ns // 1_000_000, severity_number, logger, message, {", ".join(COLUMNS)}, error_type, error_message,
            {", ".join(f"json_extract(attributes, '{extra}.{name}')::VARCHAR" for name in ATTRIBUTES)}
        FROM logs
        ORDER BY line
    """
    with duckdb.connect(path.with_suffix(".duckdb"), read_only=True) as connection:
        yield from connection.execute(query).fetchall()


@pytest.mark.parametrize("library", LIBRARIES)
def test_round_trip(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        logging.Formatter, "converter", lambda _, seconds: datetime.fromtimestamp(seconds, UTC).timetuple()
    )
    records = logged()
    told = ERRORS.get(library, str)
    path = tmp_path / "app.log"
    path.write_text(LIBRARIES[library](records), "utf-8")
    wanted = [
        (
            record.ts_ms, LEVELS[record.level], record.logger, record.message,
            *(record.extra[name] for name in COLUMNS[:-1]), round(record.extra["duration_ms"] * 10**6),
            record.error and "ValueError", record.error and told(record.error),
            *(json.dumps(record.extra[name], ensure_ascii=False, separators=(",", ":")) for name in ATTRIBUTES),
        )
        for record in records
    ]  # fmt: skip
    found = list(stored(path, EXTRA.get(library, "$")))
    assert len(found) == len(wanted)
    different = [
        pair for rows in zip(found, wanted, strict=True) for pair in zip(*rows, strict=True) if pair[0] != pair[1]
    ]
    assert different[:3] == []
