"""The rows of `silence`: what said nothing, when, how improbable that is, and what kind of silence it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loglens.analysis import Row, Value
from loglens.arrow_columns import codes, rows_with
from loglens.bursts.series import Times
from loglens.silence.columns import COLUMNS
from loglens.silence.levels import Level, level_of
from loglens.silence.thresholds import MAX_RECORDED_RATIO

if TYPE_CHECKING:
    import pyarrow as pa

_NS_PER_MS = 10**6
_S = 10**9
# A service is silent with another where it has no more than this share of what is usual then.
_SILENT = 0.1
# Of whom fewer events than this were expected cannot be said to be silent.
_KNOWN = 5.0
# Starts of one instance are one row where no more than this lies between them.
_LOOP_NS = 15 * 60 * _S
# A start belongs to the silence that it ends.
_STARTED_NS = 60 * _S
# What fades out before it is silent is idle: so much of the usual is to be there for as long before, or this long.
_BEFORE_NS = 30 * 60 * _S


@dataclass(frozen=True)
class _Read:
    times: Times
    asked: str | None
    since_ns: int
    levels: Mapping[tuple[str, str | None], Level]
    gaps: Sequence[Row]
    starts: Sequence[Row]
    beats: Sequence[Row]
    callers: Mapping[str | None, Sequence[str]]

    def recorded(self, service: str | None, from_ns: int, to_ns: int) -> float:
        """Return the share of its usual records and spans that a service wrote."""
        observed, expected = self.levels["recorded", service].between(from_ns + 1, to_ns - 1)
        return observed / expected if expected > 0 else 0.0

    def others(self, service: str | None, from_ns: int, to_ns: int) -> float | None:
        """Return the share of the other services that are silent too; None where there are none to know of."""
        known = [
            observed <= _SILENT * expected
            for (what, other), level in self.levels.items()
            if what == "recorded" and other != service
            for observed, expected in [level.between(from_ns, to_ns)]
            if expected >= _KNOWN
        ]
        return sum(known) / len(known) if known else None

    def calling(self, service: str | None, from_ns: int, to_ns: int) -> float | None:
        """Return the share of the usual calls that a service got, or of what its callers answered where none are seen.

        What is called just as it falls silent is still answered, and what ends the silence is too.
        """
        called = self.levels.get(("called", service))
        if called is not None:
            margin_ns = min(self.times.width_ns, (to_ns - from_ns) // 4)
            observed, expected = called.between(from_ns + margin_ns, to_ns - margin_ns)
            return observed / expected if expected >= 1 else None
        found = [
            self.levels["answered", caller].between(from_ns, to_ns)
            for caller in self.callers.get(service, ())
            if ("answered", caller) in self.levels
        ]
        expected = sum(each for _, each in found)
        return sum(observed for observed, _ in found) / expected if expected >= 1 else None


def rows(table: pa.Table, values: Mapping[str, Value]) -> list[Row]:
    """Return the rows of the answer from those of the statement."""
    read = _read(table)
    if read is None:
        return []
    silent = list(_silent(read, values))
    found = [*silent, *_restarts(read, silent), *_missing(read, silent)]
    asked = [
        row
        for row in found
        if row["last_ts"] > read.since_ns and (read.asked is None or row["service"] in {None, read.asked})
    ]
    asked.sort(key=lambda row: (row["first_ts"], row["kind"], *(row[name] or "" for name in ("service", "instance"))))
    return [dict.fromkeys(COLUMNS) | {"silence_id": _id(row)} | row for row in asked]


def _id(row: Row) -> str:
    named = json.dumps([row[name] for name in ("kind", "service", "instance", "name", "first_ts")])
    return hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()[:12]


def _read(table: pa.Table) -> _Read | None:
    import numpy as np

    parts: dict[str, list[Row]] = {}
    for row in rows_with(table, "part", *(set(codes(table["part"])[1]) - {"count"})).to_pylist():
        parts.setdefault(row["part"], []).append(row)
    (head,) = parts.get("range") or (None,)
    if head is None or head["from_ns"] is None:
        return None
    times = Times(head["from_ns"], head["to_ns"], head["number"])
    gaps = parts.get("gap", [])
    counts: dict[tuple[str, str | None], Any] = {}
    counted = rows_with(table, "part", "count")
    for what, service, bucket, number in zip(
        *(counted[name].to_pylist() for name in ("what", "service", "from_ns", "number")), strict=True
    ):
        counts.setdefault((what, service), np.zeros(times.buckets))[bucket] = number
    quiet = {
        key: [(row["from_ns"], row["to_ns"]) for row in gaps if (row["what"], row["service"]) == key] for key in counts
    }
    callers: dict[str | None, list[str]] = {}
    for row in parts.get("caller", []):
        callers.setdefault(row["service"], []).append(row["name"])
    levels = {key: level_of(series, quiet[key], times) for key, series in counts.items()}
    (asked,) = parts["asked"]
    return _Read(
        times, asked["service"], asked["from_ns"], levels, gaps, parts.get("start", []), parts.get("beat", []), callers
    )


def _silent(read: _Read, values: Mapping[str, Value]) -> Iterator[Row]:
    """Yield the silences of services: stopped, no traffic, and the gaps of all of them together once."""
    told: list[tuple[str | None, int, int]] = []
    collected: list[Row] = []
    for gap in sorted(read.gaps, key=lambda row: (row["what"] != "recorded", row["from_ns"])):
        service, from_ns, to_ns = gap["service"], gap["from_ns"], gap["to_ns"]
        level = read.levels[gap["what"], service]
        expected, sigma = level.between(from_ns, to_ns)[1], level.sigma(from_ns, to_ns)
        is_told = any(other == service and low < to_ns and high > from_ns for other, low, high in told)
        if is_told or expected < float(values["min_expected"] or 0) or sigma < float(values["sigma"] or 0):
            continue
        if level.is_idle(from_ns, to_ns):
            continue
        told.append((service, from_ns, to_ns))
        row = _row("stopped", service, gap) | {"expected": expected, "sigma": sigma}
        row["others_ratio"] = read.others(service, from_ns, to_ns)
        row["calling_ratio"] = read.calling(service, from_ns, to_ns)
        row["recorded_ratio"] = read.recorded(service, from_ns, to_ns)
        row["before_ratio"] = _before(level, from_ns, to_ns)
        row["seen_ms"] = level.seen_ms(from_ns, to_ns)
        row["restarted"] = any(
            start["service"] == service and from_ns < start["to_ns"] <= to_ns + _STARTED_NS for start in read.starts
        )
        # A start is of a process, not of the collector.
        is_everyone = (row["others_ratio"] or 0) >= 0.8 and not row["restarted"]
        is_idle = gap["what"] == "answered" or (row["calling_ratio"] is not None and row["calling_ratio"] <= _SILENT)
        # A start says that it was down only where it wrote next to nothing.
        is_down = row["restarted"] and row["recorded_ratio"] <= MAX_RECORDED_RATIO
        if is_everyone:
            collected.append(row)
        else:
            yield {**row, "kind": "no traffic"} if is_idle and not is_down else row
    yield from _collected(collected)


def _collected(found: Sequence[Row]) -> Iterator[Row]:
    """Yield the silences of everyone at once as one."""
    open_rows: list[Row] = []
    for row in sorted(found, key=lambda row: row["first_ts"]):
        if open_rows and row["first_ts"] < open_rows[-1]["last_ts"]:
            last = open_rows[-1]
            last["expected"] += row["expected"]
            last["sigma"] = max(last["sigma"], row["sigma"])
            last["first_ts"], last["last_ts"] = (
                max(last["first_ts"], row["first_ts"]),
                min(last["last_ts"], row["last_ts"]),
            )
            last["silent_ms"] = (last["last_ts"] - last["first_ts"]) / _NS_PER_MS
        else:
            open_rows.append({**row, "kind": "collector gap", "service": None})
    yield from open_rows


def _before(level: Level, from_ns: int, to_ns: int) -> float:
    observed, expected = level.between(from_ns - min(to_ns - from_ns, _BEFORE_NS), from_ns)
    return observed / expected if expected > 0 else 0.0


def _restarts(read: _Read, silent: Sequence[Row]) -> Iterator[Row]:
    """Yield the restarts of instances, those of a loop as one, but not what ended the silence of a whole service."""
    loops: list[list[Row]] = []
    for start in sorted(read.starts, key=lambda row: (row["service"] or "", row["name"] or "", row["to_ns"])):
        last = loops[-1][-1] if loops else None
        is_same = last is not None and (last["service"], last["name"]) == (start["service"], start["name"])
        if last is not None and is_same and start["from_ns"] - last["to_ns"] <= _LOOP_NS:
            loops[-1].append(start)
        else:
            loops.append([start])
    for loop in loops:
        told = [
            row
            for row in silent
            if row["restarted"]
            and row["service"] == loop[0]["service"]
            and row["last_ts"] + _STARTED_NS >= loop[0]["to_ns"] > row["first_ts"]
        ]
        if len(loop) == 1 and told:
            continue
        down_ns = sum(start["to_ns"] - start["from_ns"] for start in loop)
        yield _row("restart", loop[0]["service"], {**loop[0], "to_ns": loop[-1]["to_ns"], "is_last": False}) | {
            "instance": loop[0]["name"],
            "restarts": len(loop),
            "restarted": True,
            "silent_ms": down_ns / _NS_PER_MS,
        }


def _missing(read: _Read, silent: Sequence[Row]) -> Iterator[Row]:
    """Yield the beats that did not come while their service went on."""
    for beat in read.beats:
        from_ns, to_ns = beat["from_ns"], beat["to_ns"]
        is_told = any(
            row["service"] in {None, beat["service"]} and row["first_ts"] < to_ns and row["last_ts"] > from_ns
            for row in silent
        )
        is_down = any(
            start["service"] == beat["service"] and start["name"] == beat["name"] and from_ns < start["to_ns"] <= to_ns
            for start in read.starts
        )
        if not is_told and not is_down:
            yield _row("heartbeat missing", beat["service"], beat) | {
                "instance": beat["name"],
                "name": beat["what"],
                "period_ms": beat["number"] / _NS_PER_MS,
                "beats_missed": (to_ns - from_ns) // beat["number"] - (not beat["is_last"]),
            }


def _row(kind: str, service: str | None, gap: Row) -> Row:
    return {
        "kind": kind,
        "service": service,
        "instance": None,
        "name": None,
        "first_ts": gap["from_ns"],
        "last_ts": gap["to_ns"],
        "silent_ms": (gap["to_ns"] - gap["from_ns"]) / _NS_PER_MS,
        "is_over": not gap["is_last"],
        "restarted": False,
    }
