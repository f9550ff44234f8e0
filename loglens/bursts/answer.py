"""The rows of `bursts`: what burst, when, how sure that is, where its errors began and what sets them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loglens.analysis import Row, Value
from loglens.arrow_columns import numbers, taken
from loglens.bursts.burst import Burst, Gates, Scanned, burst_id, find_bursts
from loglens.bursts.chance import false_bursts, least_detectable
from loglens.bursts.prune import pruned
from loglens.bursts.series import Series, Times, read_series
from loglens.wording import counted, duration

if TYPE_CHECKING:
    import pyarrow as pa

# Requests of a burst that are compared, of each side.
_MOST_MEMBERS = 1_000
# So many attributes are told.
_TOLD = 3


def bind(table: pa.Table, values: Mapping[str, Value]) -> Mapping[str, Any]:
    """Return the bursts among the counted series, and the binds of the statement that looks into them."""
    series = read_series(table)
    gates = Gates.of(values)
    scanned = None if series is None else find_bursts(series, gates, None)
    bursts = [] if series is None or scanned is None else asked_bursts(scanned, series.times, values, gates.sigma)
    times = [] if series is None else [(series.times.at(each.start), series.times.at(each.end)) for each in bursts]
    return {
        "burst_number": list(range(len(bursts))),
        "burst_kind": [each.key.kind for each in bursts],
        "burst_service": [each.key.service for each in bursts],
        "burst_route": [each.key.route for each in bursts],
        "burst_name": [each.key.name for each in bursts],
        "burst_first": [first for first, _ in times],
        "burst_end": [end for _, end in times],
        "onset_low": [] if series is None else [series.times.at(each.onset_low) for each in bursts],
        "onset_high": [] if series is None else [series.times.at(each.onset_high) for each in bursts],
        "most_members": _MOST_MEMBERS,
        "found": (bursts, series, scanned),
    }


def asked_bursts(scanned: Scanned, times: Times, values: Mapping[str, Value], sigma: float) -> list[Burst]:
    """Return the bursts of the time that is asked about, without those that others explain."""
    since_ns, until_ns = int(values["since_ns"] or 0), int(values["until_ns"] or 0)
    told = pruned(scanned.bursts, sigma)
    return sorted(
        (each for each in told if times.at(each.end) > since_ns and times.at(each.start) < until_ns),
        key=lambda each: (each.start, -each.sigma, tuple(part or "" for part in each.key)),
    )


def rows(table: pa.Table, values: Mapping[str, Any]) -> list[Row]:
    """Return the rows of the answer from those of the statement and its binds."""
    bursts, series, _ = values["found"]
    parts = _by_burst(table, len(bursts))
    made = [
        row | _looked_into(burst, series.times, part)
        for row, burst, part in zip(outline(values), bursts, parts, strict=True)
    ]
    return sorted(made, key=lambda row: (row["own_ratio"] < 0.5, -row["sigma"], row["burst_id"]))


def outline(values: Mapping[str, Any]) -> list[Row]:
    """Return what the scan tells of each burst, without a look into it."""
    bursts, series, scanned = values["found"]
    if not bursts:
        return []
    expected_false = false_bursts(float(values["sigma"]), scanned.keys, series.times.buckets)
    return [_row(burst, series.times, expected_false) for burst in bursts]


def _by_burst(table: pa.Table, bursts: int) -> Iterator[pa.Table]:
    number = numbers(table["burst"])
    for burst in range(bursts):
        yield taken(table, number == burst)


def _row(burst: Burst, times: Times, expected_false: float) -> Row:
    key, traffic = burst.key, burst.traffic
    first_ns, end_ns = times.at(burst.start), times.at(burst.end)
    return {
        "burst_id": burst_id(key, first_ns),
        "kind": key.kind,
        "service": key.service,
        "route": key.route,
        "name": key.name,
        "change": burst.change,
        "stay_ratio": burst.stay_ratio,
        "first_ts": first_ns,
        "last_ts": end_ns,
        "onset_low_ts": times.at(burst.onset_low),
        "onset_high_ts": times.at(burst.onset_high),
        "errors": burst.errors,
        "expected": burst.expected,
        "times": burst.errors / max(burst.expected, 0.01),
        "requests": traffic,
        "error_ratio": min(burst.errors / traffic, 1.0) if traffic else None,
        "sigma": burst.sigma,
        "expected_false": expected_false,
    }


def _looked_into(burst: Burst, times: Times, part: pa.Table) -> Row:
    from loglens.bursts.apart import apart
    from loglens.bursts.changes import told_changes
    from loglens.explain.read import rows_of

    began = rows_of(part, "began").to_pylist()
    began.sort(key=lambda row: (-row["count"], *(str(row[name] or "") for name in ("service", "name", "value"))))
    members = rows_of(part, "member").to_pylist()
    failed = [row for row in members if row["is_tail"] and row["name"]]
    onset_ns = times.at(burst.onset_low)
    is_known = times.at(0) < onset_ns
    new = [row for row in began if is_known and row["at_ns"] is not None and row["at_ns"] >= onset_ns]
    first = began[0] if began else None
    return {
        "began_service": first and first["service"],
        "began": first and (first["operation"] or first["name"]),
        "error": first and first["value"],
        "retried_ratio": _share(began, lambda row: row["retried"], 0.0),
        "failed_ratio": _share(began, lambda row: row["failed"], 1.0),
        "is_new": None if first is None else first in new,
        "own_ratio": _share(began, lambda row: row["count"] * _is_own(burst, row["service"]), 1.0),
        "changes": told_changes(rows_of(part, "change").to_pylist(), burst.key.service),
        "apart": _said(new, apart(part, members)),
        "exemplar_trace_id": failed[-1]["name"] if failed else None,
    }


def _is_own(burst: Burst, service: str | None) -> bool:
    """Whether a burst is where its errors began: of a tenant all are."""
    return burst.key.kind == "tenant" or service == burst.key.service


def _share(began: Sequence[Row], part: Callable[[Row], int], unknown: float) -> float:
    """Return which share of the errors counts; `unknown` where none is known."""
    total = sum(row["count"] for row in began)
    return sum(part(row) for row in began) / total if total else unknown


def _said(new: Sequence[Row], differing: Sequence[str]) -> str | None:
    said = [f"new: {row['value']}" for row in new[:1]]
    return "; ".join([*said, *differing[:_TOLD]]) or None


def notes(values: Mapping[str, Any]) -> list[str]:
    """Say what the threshold means for this data, and what could not be seen."""
    _, series, scanned = values["found"]
    if series is None:
        return ["Nothing here has a time."]
    return [*meaning(series, scanned, float(values["sigma"])), *_blind(series, scanned, values)]


def meaning(series: Series, scanned: Scanned, sigma: float) -> Iterator[str]:
    """Say how many false bursts a threshold means."""
    if not scanned.keys:
        return
    expected = false_bursts(sigma, scanned.keys, series.times.buckets)
    amount = f"{expected:.1f}" if expected >= 0.095 else f"{expected:.1g}"
    keys = "this one key" if scanned.keys == 1 else f"these {scanned.keys:,} keys"
    yield f"At {sigma:g} sigma expect {amount} false bursts for {keys} over {duration(series.times.seconds * 1000)}."


def _blind(series: Series, scanned: Scanned, values: Mapping[str, Any]) -> Iterator[str]:
    excess, sigma = float(values["min_excess"]), float(values["sigma"])
    if scanned.quietest and scanned.busiest:
        low, high = (least_detectable(*each, sigma, excess) for each in (scanned.quietest, scanned.busiest))
        most = f"; in the busiest below {high:,}" if high > low else ""
        yield f"Below {counted(low, 'error')} in ten minutes nothing could be detected in the quietest of them{most}."
    if series.seldom:
        yield (
            f"{counted(series.seldom, 'more key')} had fewer than {excess:g} errors in all: nothing could be detected"
            " there."
        )
