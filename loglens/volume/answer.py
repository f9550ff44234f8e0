"""The rows of `volume`: what was written far more than usual, when, how sure that is, and with how much traffic."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loglens.analysis import Row, Value
from loglens.bursts.answer import asked_bursts
from loglens.bursts.burst import Burst, Gates, find_bursts
from loglens.bursts.chance import false_bursts
from loglens.bursts.series import Series, read_series

if TYPE_CHECKING:
    import pyarrow as pa

_S = 10**9
# Another burst of the same is alike where it has at least this share of the records.
_ALIKE = 0.5


def bind(table: pa.Table, values: Mapping[str, Value]) -> Mapping[str, Any]:
    """Return the bursts among the counted series, and the binds of the statement that looks them up."""
    series = read_series(table)
    sigma, excess, times = (float(values[name] or 0) for name in ("sigma", "min_excess", "min_times"))
    gates = Gates(sigma, excess, times, 0.0)
    scanned = None if series is None else find_bursts(series, gates, None)
    bursts = [] if series is None or scanned is None else asked_bursts(scanned, series.times, values, gates.sigma)
    ends = [] if series is None else [(series.times.at(each.start), series.times.at(each.end)) for each in bursts]
    return {
        "burst_number": list(range(len(bursts))),
        "burst_kind": [each.key.kind for each in bursts],
        "burst_service": [each.key.service for each in bursts],
        "burst_name": [each.key.name for each in bursts],
        "burst_first": [first for first, _ in ends],
        "burst_end": [end for _, end in ends],
        "found": (bursts, series, scanned),
    }


def rows(table: pa.Table, values: Mapping[str, Any]) -> list[Row]:
    """Return the rows of the answer from those of the statement and its binds."""
    bursts, series, scanned = values["found"]
    if not bursts:
        return []
    expected_false = false_bursts(float(values["sigma"]), scanned.keys, series.times.buckets)
    found = {row["burst"]: row for row in table.to_pylist()}
    made = [
        _row(burst, series, found[number]) | {"expected_false": expected_false, "alike": _alike(burst, scanned.bursts)}
        for number, burst in enumerate(bursts)
    ]
    return sorted(made, key=lambda row: (row["expected"] - row["records"], row["volume_id"]))


def _row(burst: Burst, series: Series, found: Row) -> Row:
    key, times = burst.key, series.times
    first_ns, end_ns = times.at(burst.start), times.at(burst.end)
    named = json.dumps([*key, first_ns // (60 * _S)])
    is_known = times.at(0) < times.at(burst.onset_low)
    return {
        "volume_id": hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()[:12],
        "kind": key.kind,
        "service": key.service,
        "level": key.name if key.kind == "level" else found["level"],
        "template_id": found["template_id"],
        "template": found["template"],
        "change": burst.change,
        "first_ts": first_ns,
        "last_ts": end_ns,
        "onset_low_ts": times.at(burst.onset_low),
        "onset_high_ts": times.at(burst.onset_high),
        "records": burst.errors,
        "expected": burst.expected,
        "times": burst.errors / max(burst.expected, 0.01),
        "per_second": burst.errors / max((end_ns - first_ns) / _S, 1e-9),
        "share_ratio": burst.errors / max(found["whole"], burst.errors),
        "template_ratio": found["records"] / max(burst.errors, 1),
        "traffic_times": series.traffic_times(key.service, burst.start, burst.end),
        "sigma": burst.sigma,
        "is_new": is_known and found["first_ns"] is not None and found["first_ns"] >= times.at(burst.onset_low),
        "example": found["example"],
        "exemplar_trace_id": found["exemplar_trace_id"],
    }


def _alike(burst: Burst, bursts: Sequence[Burst]) -> int:
    """Return how many other bursts of the same key have as many records, or half of that."""
    return sum(
        other is not burst and other.key == burst.key and other.errors >= _ALIKE * burst.errors for other in bursts
    )


def notes(values: Mapping[str, Any]) -> list[str]:
    """Say what the threshold means for this data."""
    from loglens.bursts.answer import meaning

    _, series, scanned = values["found"]
    if series is None:
        return ["Nothing here has a time."]
    return list(meaning(series, scanned, float(values["sigma"])))
