"""Detecting: detectors, run on an open connection, give findings."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

from loglens.analysis import Analysis, Row, Value
from loglens.answer import Answer
from loglens.ask import ask
from loglens.detector import MAX_Q, Detector, Values, Verdict, at_most
from loglens.errors import UsageError
from loglens.finding import Finding, fingerprint, ranked
from loglens.nearest import did_you_mean
from loglens.params import accept_all
from loglens.ranks import false_discovery_rates
from loglens.related import related
from loglens.scope import Scope
from loglens.statement import literal, written

if TYPE_CHECKING:
    import duckdb

Thresholds = Mapping[str, Mapping[str, Value]]


def chosen(detectors: Iterable[Detector], name: str | None) -> tuple[Detector, ...]:
    """Return all detectors, or the one of this name; raises UsageError where there is none."""
    by_name = {detector.name: detector for detector in detectors}
    if name is None:
        return tuple(by_name.values())
    if name not in by_name:
        raise UsageError(f"No detector {name!r}. {did_you_mean(name, by_name)}")
    return (by_name[name],)


def accept_thresholds(detectors: Iterable[Detector], given: Mapping[str, Any]) -> Thresholds:
    """Return the values of all parameters of all detectors; `given` names those that differ: `slow_route.slo_ms`.

    Raises UsageError for a name that is none, with the nearest one, and for a value that cannot be used.
    """
    by_name = {detector.name: detector for detector in detectors}
    known = [f"{detector.name}.{param.name}" for detector in by_name.values() for param in detector.params]
    split: dict[str, dict[str, Any]] = {name: {} for name in by_name}
    for word, value in given.items():
        if word not in known:
            raise UsageError(_unknown(word, by_name, known))
        name, _, param = word.partition(".")
        split[name][param] = value
    return {name: accept_all(by_name[name], values) for name, values in split.items()}


def _unknown(word: str, detectors: Mapping[str, Detector], known: Sequence[str]) -> str:
    name, _, param = word.partition(".")
    detector = detectors.get(name)
    if detector is None:
        return f"No threshold {word!r}. {did_you_mean(word, known)}"
    return f"{name} has no threshold {param!r}. {did_you_mean(param, [each.name for each in detector.params])}"


def detect(
    connection: duckdb.DuckDBPyConnection, detectors: Iterable[Detector], thresholds: Thresholds, scope: Scope
) -> list[Finding]:
    """Return what the detectors find in the part of the data that `scope` names, the gravest first."""
    seen: dict[Hashable, Answer] = {}
    return related(
        ranked(
            _finding(detector, row, verdict, sql)
            for detector in detectors
            for row, verdict, sql in _judged(connection, detector, thresholds[detector.name], scope, seen)
            if verdict.is_finding
        )
    )


def _judged(
    connection: duckdb.DuckDBPyConnection,
    detector: Detector,
    values: Values,
    scope: Scope,
    seen: dict[Hashable, Answer],
) -> Iterator[tuple[Row, Verdict, str]]:
    """Yield every row that a detector looks at, with its verdict and the statement the row came from.

    Detectors that watch the same analysis with the same values look at one answer, which `seen` keeps.
    """
    asked = _asked(detector, values, {})
    key = (detector.watches.name, *sorted(asked.items()))
    if key not in seen:
        seen[key] = ask(connection, detector.watches, asked, scope, limit=0).held()
    rows = seen[key].rows()
    for row, verdict in zip(rows, verdicts(detector, rows, values), strict=True):
        yield row, verdict, seen[key].sql


def verdicts(detector: Detector, rows: Sequence[Row], values: Values) -> list[Verdict]:
    """Return what a detector makes of rows that are judged together."""
    found = [detector.judge(row, values) for row in rows]
    tested = [index for index, verdict in enumerate(found) if verdict.p is not None]
    for index, q in zip(tested, false_discovery_rates([found[index].p or 0.0 for index in tested]), strict=True):
        gate = at_most(values, MAX_Q.name, q, "probability of chance, corrected for all that was judged", of_all=True)
        found[index] = replace(found[index], gates=(*found[index].gates, gate))
    return found


def watched(
    connection: duckdb.DuckDBPyConnection,
    detector: Detector,
    values: Values,
    scope: Scope,
    instead: Mapping[str, Value],
) -> Answer:
    """Return what a detector looks at; `instead` replaces values that its analysis is asked with."""
    return ask(connection, detector.watches, _asked(detector, values, instead), scope, limit=0)


def _asked(detector: Detector, values: Values, instead: Mapping[str, Value]) -> Mapping[str, Value]:
    shared = {param.name: values[param.name] for param in detector.watches.params if param.name in values}
    return accept_all(detector.watches, {**detector.asks, **shared, **instead})


def _finding(detector: Detector, row: Row, verdict: Verdict, sql: str) -> Finding:
    return Finding(
        detector=detector.name,
        severity=verdict.severity,
        service=row.get("service"),
        subject=verdict.subject,
        summary=verdict.summary,
        fingerprint=fingerprint_of(detector, row),
        evidence={name: row[name] for name in detector.evidence},
        gates=verdict.gates,
        sql=_evidence_sql(detector.watches, row, sql),
        advice=verdict.advice or detector.advice,
        cost_ms=verdict.cost_ms,
        gain_ms=verdict.gain_ms,
        caveats=verdict.caveats,
        exemplar_trace_ids=_exemplars(row),
        first_ns=row.get("first_ts"),
        last_ns=row.get("last_ts"),
        is_spell=verdict.is_spell,
        services=verdict.services,
        requests=verdict.requests,
        route=row.get("route"),
        statement=row.get("shape"),
        is_about_route=detector.is_about_route,
    )


def fingerprint_of(detector: Detector, row: Row) -> str:
    """Return the fingerprint of what a detector would find in a row."""
    return fingerprint(detector.name, [row[name] for name in detector.identity])


def _exemplars(row: Row) -> tuple[str, ...]:
    listed = row.get("exemplar_trace_ids")
    if listed is not None:
        return tuple(json.loads(listed))
    return (row["exemplar_trace_id"],) if row.get("exemplar_trace_id") else ()


def _evidence_sql(analysis: Analysis, row: Row, sql: str) -> str:
    """Return the statement that gives the numbers of a row."""
    if analysis.row_sql:
        return written(dedent(analysis.row_sql).strip(), row)
    return _narrowed(sql, {name: row[name] for name in analysis.key})


def _narrowed(sql: str, key: Mapping[str, Value]) -> str:
    """Return the statement for the one row of a key."""
    conditions = " AND ".join(f"{name} IS NOT DISTINCT FROM {literal(value)}" for name, value in key.items())
    inner = indent(dedent(sql).strip(), "    ")
    return f"SELECT *\nFROM (\n{inner}\n) AS answer\nWHERE {conditions}"
