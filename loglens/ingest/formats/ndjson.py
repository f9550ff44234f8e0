"""JSON logs, one record a line or several in a document, whatever framework wrote each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from loglens.ingest.durations import duration_is_exact_sql, duration_ns_sql
from loglens.ingest.formats.json_fields import (
    DURATION,
    KINDS,
    LEVEL,
    LEVEL_NUMBER,
    SERVICE,
    TEXT,
    TIME,
    all_keys,
    has_key,
    spellings,
)
from loglens.ingest.levels import Scale, severity_sql
from loglens.ingest.reader import Format, Reading, Sample
from loglens.ingest.route_shape import route_shape_sql
from loglens.ingest.timestamps import lacks_zone, time_is_exact_sql, time_ns_sql
from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import pyarrow as pa

REJECTED = -1
PATHS = [path for key in all_keys() for path in spellings(key)]
SCALES: dict[str, Scale] = {
    "levelno": "python",
    "severity_number": "otel",
    "severityNumber": "otel",
    "severity": "syslog",
    "priority": "syslog",
}

# Numbers that a double or 64 bits cannot hold; DuckDB's JSON functions would write them differently.
INEXACT = r"[:,\[]\s*-?(?:[0-9]{19,}|[0-9]+[.][0-9]{15,}|[0-9]{2,}[.][0-9]{13,}|[0-9]{8,}[.][0-9]{7,}|[0-9.]+[eE])"
COLUMNS = (
    "ts_ns", "service", "instance", "severity_number", "level", "logger", "message", "trace_id", "span_id",
    "request_id", "user_id", "error_type", "error_message", "http_method", "path", "route", "status_code",
    "duration_ns", "attributes", "raw",
)  # fmt: skip


def sniff(sample: Sample) -> float:
    """Return how sure it is that the sample holds JSON logs: records with fields of at least two kinds."""
    records = [value for value in sample.values if isinstance(value, dict)]
    known = [record for record in records if _is_log(record)]
    if not records or 2 * len(known) < len(records):
        return 0.0
    return 0.5 + 0.4 * len(known) / len(records)


def _is_log(record: Mapping[str, object]) -> bool:
    kinds = {kind for kind, keys in KINDS.items() if any(has_key(dict(record), key) for key in keys)}
    if not any(str(record.get(key)).isdigit() for key in TEXT["status"]):
        kinds.discard("status")
    says_something = "message" in kinds or "level" in kinds or {"status", "duration"} <= kinds
    return len(kinds) >= 2 and says_something


def read(reading: Reading) -> None:
    """Read JSON log records into `logs`, and what is broken into `rejects`."""
    from loglens.ingest.pieces import SCHEMA

    records = [value for value in reading.sample.values if isinstance(value, dict)]
    order = _order(records)
    _note_assumptions(reading, records)
    fed = Fed(reading.pieces)
    values = {
        "source_id": reading.source_id,
        "fallback": reading.fallback_service,
        "unit": reading.options.duration_unit,
        "patch": json.dumps(dict.fromkeys(_stripped(order, records))),
    }
    inserted = reading.insert(statement(order), SCHEMA, fed, values)
    assert inserted == fed.pieces, f"{fed.pieces} pieces became {inserted} rows"
    rejects, reject_lines, untimed = _move_rejects(reading, fed.first_line)
    counts = reading.counts
    counts.records += inserted - rejects
    counts.record_lines += fed.lines - reject_lines
    counts.untimed += untimed


class Fed:
    """Batches that are counted as they go by."""

    def __init__(self, batches: object) -> None:
        self._batches = batches
        self.pieces = self.lines = 0
        self.first_line = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        for batch in self._batches:  # type: ignore[attr-defined]
            if not self.pieces:
                self.first_line = batch.column(0)[0].as_py()
            self.pieces += batch.num_rows
            self.lines += int(batch.column(2).to_numpy().sum())
            yield batch


def _order(records: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """Order the keys of each column so that the one the file uses comes first: only that is taken out of attributes."""
    ordered = {}
    for column, keys in {"ts": TIME, "level": LEVEL, "level_number": LEVEL_NUMBER, **TEXT}.items():
        used = next((key for key in keys if any(record.get(key) is not None for record in records)), None)
        ordered[column] = sorted(keys, key=lambda key: key != used)
    return ordered


def _stripped(order: Mapping[str, Sequence[str]], records: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the top-level keys whose values a column holds whole."""
    first = [keys[0] for column, keys in order.items() if column not in ("level_number", "http_route")]
    durations = [key for key, _ in DURATION if any(key in record for record in records)][:1]
    return [key for key in [*first, *durations] if any(record.get(key) is not None for record in records)]


def _note_assumptions(reading: Reading, records: Sequence[Mapping[str, object]]) -> None:
    if any(lacks_zone(record.get(key)) for record in records for key in TIME):
        reading.assume("times without a zone", "UTC")
    if not all(any(has_key(dict(record), key) for key in SERVICE) for record in records):
        reading.assume("service", f"{reading.fallback_service}, from the file's name, where a record names none")
    bare = sorted({key for key, unit in DURATION if unit is None and any(key in record for record in records)})
    for key in bare:
        unit = reading.options.duration_unit
        reading.assume(
            f"unit of {key}", unit or "by the habit of the framework: zerolog ms, zap s, slog and logrus ns, else s"
        )


def _at(path: str) -> str:
    return f"e[{PATHS.index(path) + 1}]"


def _first(keys: Sequence[str]) -> str:
    return f"coalesce({', '.join(_at(path) for key in keys for path in spellings(key))})"


def _habit() -> str:
    """Return the expression for the unit of a bare duration: what the framework that writes such records means."""
    time, ts, message, msg = _first(["time"]), _first(["ts"]), _first(["message"]), _first(["msg"])
    return (
        f"coalesce($unit, CASE WHEN {time} IS NOT NULL AND {msg} IS NOT NULL THEN 'ns' "
        f"WHEN {ts} IS NOT NULL AND {msg} IS NOT NULL THEN 's' "
        f"WHEN {time} IS NOT NULL AND {message} IS NOT NULL THEN 'ms' ELSE 's' END)"
    )


def _severity(order: Mapping[str, Sequence[str]]) -> str:
    keys = (*order["level"], *order["level_number"])
    present = [
        f"WHEN {_first([key])} IS NOT NULL THEN {severity_sql(_first([key]), SCALES.get(key, 'level'))}" for key in keys
    ]
    return f"CASE {' '.join(present)} END"


def statement(order: Mapping[str, Sequence[str]]) -> str:
    """Return the INSERT that turns pieces into rows; rejected ones carry REJECTED and their lines in duration_ns."""
    texts = ", ".join(f"{_first(order[column])} AS {column}" for column in TEXT)
    units = " ".join(f"WHEN {_first([key])} IS NOT NULL THEN '{unit}'" for key, unit in DURATION if unit)
    durations = _first([key for key, _ in DURATION])
    composite = " OR ".join(f"({column} LIKE '{{%' OR {column} LIKE '[%') AND json_valid({column})" for column in TEXT)
    identifier = "nullif(nullif(lower(replace(trim({0}), '-', '')), ''), '{1}')"
    return f"""
        INSERT INTO logs (source_id, line, ordinal, {", ".join(COLUMNS)})
        SELECT
            $source_id, line, ordinal,
            CASE WHEN is_record THEN ts_ns END,
            coalesce(service, $fallback), instance,
            CASE WHEN is_broken THEN {REJECTED} ELSE severity END, level, logger,
            CASE WHEN is_record THEN message WHEN NOT is_broken THEN rtrim(text, chr(10) || chr(13)) END,
            {identifier.format("trace_id", "0" * 32)}, {identifier.format("span_id", "0" * 16)},
            request_id, user_id, error_type, error_message, upper(http_method), path,
            coalesce(http_route, {route_shape_sql("path")}), status_code,
            CASE WHEN is_broken THEN lines ELSE duration_ns END,
            attributes,
            CASE WHEN is_broken OR is_record AND (
                regexp_matches(text, '{INEXACT}') OR ts IS NOT NULL AND NOT coalesce({time_is_exact_sql("ts")}, false)
                OR ts IS NOT NULL AND ts_ns IS NULL OR status IS NOT NULL AND status_code IS NULL
                OR duration IS NOT NULL AND (duration_ns IS NULL
                OR NOT coalesce({duration_is_exact_sql("duration", "unit")}, false))
                OR level IS NOT NULL AND severity IS NULL
                OR http_method <> upper(http_method) OR {composite}
                OR list_unique(json_keys(text)) < len(json_keys(text))
            ) THEN rtrim(text, chr(10) || chr(13)) END
        FROM (
            SELECT
                *,
                {time_ns_sql("ts")} AS ts_ns,
                CASE WHEN regexp_full_match(status, '[1-5][0-9][0-9]') THEN CAST(status AS SMALLINT) END AS status_code,
                {duration_ns_sql("duration", "unit")} AS duration_ns
            FROM (
                SELECT
                    line, ordinal, lines, text, is_record, is_broken, {texts},
                    {_first(order["ts"])} AS ts,
                    {_first([*order["level"], *order["level_number"]])} AS level,
                    {_severity(order)} AS severity,
                    {durations} AS duration,
                    CASE {units} ELSE {_habit()} END AS unit,
                    CASE
                        WHEN is_record THEN nullif(CAST(json_merge_patch(text, $patch) AS VARCHAR), '{{}}')
                    END AS attributes
                FROM (
                    SELECT
                        line, ordinal, lines, text,
                        CASE WHEN start = '{{' THEN extracted END AS e,
                        start = '{{' AND extracted IS NOT NULL AS is_record,
                        start IN ('{{', '[') AND extracted IS NULL AS is_broken
                    FROM (
                        SELECT
                            *,
                            left(ltrim(text, ' ' || chr(9)), 1) AS start,
                            try(json_extract_string(text, {PATHS})) AS extracted
                        FROM input
                    )
                )
            )
        )
    """


def _move_rejects(reading: Reading, first_line: int) -> tuple[int, int, int]:
    """Move marked rows to `rejects` with what is wrong with them; return their number, lines, and records untimed."""
    import pyarrow as pa

    from loglens.ingest.pieces import REJECT_SCHEMA

    values = [reading.source_id, first_line]
    where = "FROM logs WHERE source_id = ? AND line >= ?"
    counted = fetch_row(
        reading.connection,
        f"SELECT count(*) FILTER (severity_number = {REJECTED}), "
        f"count(*) FILTER (ts_ns IS NULL AND severity_number IS DISTINCT FROM {REJECTED}) {where}",
        values,
    )
    if not counted[0]:
        return 0, 0, int(counted[1])
    marked = f"{where} AND severity_number = {REJECTED}"
    rows = reading.connection.execute(
        f"SELECT line, duration_ns, raw {marked} ORDER BY line, ordinal", values
    ).fetchall()
    columns = [
        [line for line, _, _ in rows],
        [lines for _, lines, _ in rows],
        [_fault(raw) for _, _, raw in rows],
        [raw for _, _, raw in rows],
    ]
    batch = pa.record_batch(
        [pa.array(column, field.type) for column, field in zip(columns, REJECT_SCHEMA, strict=True)],
        schema=REJECT_SCHEMA,
    )
    reading.insert(
        "INSERT INTO rejects SELECT $source_id, * FROM input", REJECT_SCHEMA, [batch], {"source_id": values[0]}
    )
    reading.connection.execute(f"DELETE {marked}", values)
    return len(rows), sum(columns[1]), int(counted[1])


def _fault(text: str) -> str:
    """Say what is wrong with a text that is not JSON, and where."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at position {error.pos + 1}"
    except (RecursionError, ValueError) as error:
        return f"not JSON: {error}"
    return "not JSON: control characters or lone surrogates in a string"


FORMAT = Format(
    name="ndjson",
    title="JSON logs",
    example='{"time":"2026-01-15T09:00:00Z","level":"info","service":"llm-api","message":"started","port":8080}\n',
    sniff=sniff,
    read=read,
)
