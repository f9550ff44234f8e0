"""The components of slow requests as rows: what each takes more than in typical ones, and all of a kind together."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.analysis import Row
from loglens.explain.comparison import NS_PER_MS, Comparison
from loglens.explain.read import Component, read_calls
from loglens.explain.split import Part, split


def component_rows(comparison: Comparison) -> list[Row]:
    """Return the components, those that add most first, then the kinds; either add up to the requests."""
    calls, components = read_calls(comparison.table, comparison.requests)
    parts = split(calls, comparison.requests.is_tail, len(components))
    extra_ns = float(sum(part.extra_ns for part in parts))
    kinds: dict[str, list[Part]] = {}
    for part in parts:
        kinds.setdefault(components[part.component].kind, []).append(part)
    ranked = sorted(kinds.items(), key=lambda each: -sum(part.extra_ns for part in each[1]))
    return [
        *(_component(comparison, components[part.component], part, extra_ns) for part in parts),
        *(_kind(comparison, kind, members, extra_ns) for kind, members in ranked),
    ]


def _kind(comparison: Comparison, kind: str, members: Sequence[Part], extra_ns: float) -> Row:
    tails, bodies = comparison.read
    tail_ns, body_ns = sum(part.tail_ns for part in members), sum(part.body_ns for part in members)
    added_ns = float(sum(part.extra_ns for part in members))
    return {
        "part": "kind",
        "value": kind,
        "tail_ms": tail_ns / tails / NS_PER_MS,
        "body_ms": body_ns / bodies / NS_PER_MS,
        "extra_ms": added_ns / NS_PER_MS,
        "extra_ratio": added_ns / extra_ns if extra_ns else None,
        "tail_ns": tail_ns,
        "body_ns": body_ns,
    }


def _component(comparison: Comparison, component: Component, part: Part, extra_ns: float) -> Row:
    tails, bodies = comparison.read
    return {
        "part": "component",
        "service": component.service,
        "name": component.operation,
        "value": component.kind,
        "tail_ms": part.tail_ns / tails / NS_PER_MS,
        "body_ms": part.body_ns / bodies / NS_PER_MS,
        "extra_ms": float(part.extra_ns) / NS_PER_MS,
        "low_extra_ms": None if part.low_ns is None else part.low_ns / NS_PER_MS,
        "high_extra_ms": None if part.high_ns is None else part.high_ns / NS_PER_MS,
        "extra_ratio": float(part.extra_ns) / extra_ns if extra_ns else None,
        "more_calls_ms": float(part.more_calls_ns) / NS_PER_MS,
        "slower_calls_ms": float(part.slower_calls_ns) / NS_PER_MS,
        "tail_calls": part.tail_calls / tails,
        "body_calls": part.body_calls / bodies,
        "tail_ns": part.tail_ns,
        "body_ns": part.body_ns,
    }
