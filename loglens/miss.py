"""Why there is no finding: which gates of a detector one trace passes, which not, and by how much."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from loglens.analyses import BY_NAME
from loglens.analysis import Row, Value
from loglens.answer import Answer
from loglens.ask import ask
from loglens.columns import Column
from loglens.detect import accept_thresholds, chosen, fingerprint_of, verdicts, watched
from loglens.detector import Detector, Gate
from loglens.detectors import ALL
from loglens.miss_list import draw
from loglens.params import accept_all
from loglens.scope import Scope

if TYPE_CHECKING:
    import duckdb

COLUMNS: tuple[Column, ...] = (
    Column("detector", "VARCHAR", "Detector that was asked."),
    Column("looked_at", "JSON", "What it looked at: the columns by which a finding is known."),
    Column("is_found", "BOOLEAN", "Whether every gate is passed."),
    Column("gate", "INTEGER", "Number of the gate; of several conditions with one number any may be met."),
    Column("is_met", "BOOLEAN", "Whether this condition is met."),
    Column("what", "VARCHAR", "What the number is."),
    Column("value", "DOUBLE", "The number; null where it is not known."),
    Column("rule", "VARCHAR", "at least or at most."),
    Column("threshold", "DOUBLE", "What it takes."),
    Column("missing", "DOUBLE", "How much is missing, or too much."),
    Column("param", "VARCHAR", "The threshold by name, for --set."),
    Column("of_all", "BOOLEAN", "Whether the number is about all requests, and not about this trace."),
    Column("fingerprint", "VARCHAR", "The fingerprint that the finding has, or would have."),
)

# Of which service and route a trace is.
REQUESTS = """
    SELECT DISTINCT
        service AS service,
        route   AS route
    FROM requests
    WHERE trace_id = $trace_id
    UNION
    SELECT
        service,
        route
    FROM logs
    WHERE trace_id = $trace_id
"""


def explain_miss(
    connection: duckdb.DuckDBPyConnection, name: str, trace_id: str, thresholds: Mapping[str, Any], scope: Scope
) -> Answer:
    """Return the gates of a detector for everything in one trace that it looks at, a row a gate.

    `trace_id` may be the beginning of the id. Raises UsageError for an unknown detector, NotFound for an unknown trace.
    """
    (detector,) = chosen(ALL, name)
    values = accept_thresholds(ALL, thresholds)[name]
    trace = BY_NAME["trace"]
    found = ask(connection, trace, accept_all(trace, {"trace_id": trace_id}), Scope(), limit=1).rows()
    whole_id = found[0]["trace_id"]
    judged = list(_judged(connection, detector, values, scope, whole_id))
    tuples = [row for looked_at, gates in judged for row in _rows(detector, looked_at, gates)]
    notes = [] if judged else [f"Nothing in trace {whole_id} is of the kind that {name} judges: {detector.problem}"]
    return Answer("Why there is no finding", COLUMNS, tuples, sql="", draw=draw, notes=notes)


def _judged(
    connection: duckdb.DuckDBPyConnection,
    detector: Detector,
    values: Mapping[str, Value],
    scope: Scope,
    trace_id: str,
) -> Iterator[tuple[Row, tuple[Gate, ...]]]:
    everything = watched(connection, detector, values, scope, {}).rows()
    judged = list(zip(everything, verdicts(detector, everything, values), strict=True))
    if "trace_id" not in {param.name for param in detector.watches.params}:
        requests = set(connection.execute(REQUESTS, {"trace_id": trace_id}).fetchall())
        # What is of no route is of its service as a whole.
        requests |= {(service, None) for service, _ in requests}
        for row, verdict in judged:
            if (row["service"], row.get("route")) in requests:
                yield row, verdict.gates
        return
    of_all = {fingerprint_of(detector, row): verdict.gates for row, verdict in judged}
    for row in watched(connection, detector, values, scope, {**detector.wide, "trace_id": trace_id}).rows():
        gates = detector.judge(row, values).gates
        yield row, tuple(_over_all(gates, of_all.get(fingerprint_of(detector, row), ())))


def _over_all(gates: Iterable[Gate], of_all: Iterable[Gate]) -> Iterator[Gate]:
    """Yield the gates of one trace, those that are about all requests as they are over all data."""
    known = {gate.param: gate for gate in of_all}
    for gate in gates:
        yield known.get(gate.param, gate) if gate.of_all else gate


def _rows(detector: Detector, row: Row, gates: tuple[Gate, ...]) -> Iterator[tuple[Any, ...]]:
    looked_at = json.dumps({name: row[name] for name in detector.identity}, ensure_ascii=False)
    is_found = all(gate.is_passed for gate in gates)
    for number, gate in enumerate(gates, start=1):
        for each in (gate, *gate.others):
            yield (
                detector.name,
                looked_at,
                is_found,
                number,
                each.is_met,
                each.what,
                each.value,
                "at most" if each.at_most else "at least",
                each.threshold,
                each.missing,
                f"{detector.name}.{each.param}",
                each.of_all,
                fingerprint_of(detector, row),
            )
