"""Health answers, one JSON object a line, with when and where each was asked."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.demo.engine import MILLISECOND, SECOND
from loglens.demo.telemetry import Health
from loglens.demo.writers.lines import Lines, compact_json, iso_time

FILE = "health.jsonl"


def lines(answers: Sequence[Health]) -> Lines:
    """Return one line for each answer."""
    written = Lines()
    for answer in answers:
        written.add(answer.answered_ns, compact_json(_answer(answer)), "answers")
    return written


def _answer(answer: Health) -> dict[str, object]:
    instance, connected = answer.instance, answer.database_ms is not None
    return {
        "asked_at": iso_time(answer.at_ns, 3) + "Z",
        "service": instance.service,
        "instance": instance.pod,
        "latency_ms": round((answer.answered_ns - answer.at_ns) / MILLISECOND, 3),
        "status": "ok" if connected else "degraded",
        "version": instance.version,
        "timestamp": iso_time(answer.answered_ns, 3) + "Z",
        "uptime_seconds": (answer.at_ns - instance.started_ns) // SECOND,
        "database": {"connected": connected, "latency_ms": answer.database_ms},
        "dependencies": {
            "redis": {"connected": True, "latency_ms": answer.redis_ms},
            "message_queue": {"connected": True, "queue_depth": answer.queue_depth},
        },
    }
