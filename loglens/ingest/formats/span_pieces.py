"""JSON with spans that stand in lists, on its way to the engine: each span by itself, with what is said around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec
import pyarrow as pa

from loglens.ingest.formats.otlp_batches import Ordinals
from loglens.ingest.formats.otlp_pieces import as_written, mended
from loglens.ingest.formats.otlp_spans import span_statement
from loglens.ingest.pieces import Reject, RejectSpool
from loglens.ingest.reader import Reading
from loglens.ingest.sql_text import quoted

SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("ordinal", pa.int32()),
        ("text", pa.json_(pa.string())),
        ("written", pa.string()),
        ("trace_id", pa.dictionary(pa.int32(), pa.string())),
        ("process", pa.dictionary(pa.int32(), pa.string())),
    ]
)
# Two vectors of DuckDB a batch; a few thousand spans are some megabytes of text.
BATCH_SPANS = 4096


# Numbers that a double does not hold, in text that is JSON: more than 17 digits, or an exponent.
INEXACT_NUMBER = r"[:\[,]\s*-?[0-9](?:[0-9.]*[eE]|[0-9.]{16})"

Time = int | float | str | None


@dataclass(frozen=True)
class Found:
    """One span as it was written, and what stands beside it: its trace and its process, where the format has them.

    `lack` says why it is no span after all.
    """

    text: bytes | msgspec.Raw
    trace_id: str | None = None
    process: str | None = None
    names_service: bool = True
    lack: str | None = None


class SpanReading:
    """One pass over the pieces of a source whose spans are read by SQL.

    `split` yields the spans of a piece and raises ValueError where it holds none; `columns` is the SELECT over
    `input` that makes rows of them, with the columns `span_statement` reads; it binds $fallback, the service of a span
    that names none.
    """

    def __init__(self, reading: Reading, split: Callable[[bytes], Iterable[Found]], columns: str) -> None:
        self._reading = reading
        self._split = split
        self._columns = columns
        self._rejects = RejectSpool()
        self._ordinals = Ordinals()
        self._waiting: list[tuple[int, int, str | None, Found]] = []
        self._fell_back = False

    def run(self) -> None:
        """Read the source to its end."""
        reading, counts = self._reading, self._reading.counts
        binds = {"source_id": reading.source_id, "fallback": reading.fallback_service}
        counts.records += reading.insert(span_statement(f"({self._columns})"), SCHEMA, self._batches(), binds)
        counts.untimed += reading.count_untimed("spans")
        self._rejects.insert(reading.connection, reading.source_id)
        if self._fell_back:
            reading.assume("service", f"{reading.fallback_service}, where a span names none")

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reading.pieces:
            for line, lines, text in zip(*(batch[name].to_pylist() for name in ("line", "lines", "text")), strict=True):
                self._take(line, lines, text.rstrip("\r\n").encode())
                yield from self._flush(BATCH_SPANS)
        yield from self._flush(1)

    def _take(self, line: int, lines: int, text: bytes) -> None:
        whole = mended(text)
        try:
            found = list(self._split(whole))
        except (ValueError, RecursionError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
            self._rejects.add(Reject(line, lines, reason, text.decode()))
            return
        spans = [each for each in found if not each.lack]
        for each in found:
            if each.lack:
                self._rejects.add(Reject(line, 0 if spans else lines, each.lack, bytes(each.text).decode()))
                lines = lines if spans else 0
        self._reading.counts.record_lines += lines
        self._fell_back = self._fell_back or not all(each.names_service for each in spans)
        first = self._ordinals.take(line, len(spans))
        for ordinal, span in enumerate(spans, first):
            written = None if whole is text else bytes(as_written(span.text, whole, memoryview(text))).decode()
            self._waiting.append((line, ordinal, written, span))

    def _flush(self, at_least: int) -> Iterator[pa.RecordBatch]:
        while len(self._waiting) >= at_least:
            rows, self._waiting = self._waiting[:BATCH_SPANS], self._waiting[BATCH_SPANS:]
            lines, ordinals, written, spans = zip(*rows, strict=True)
            texts = pa.array([bytes(span.text) for span in spans], pa.binary()).cast(pa.string())
            yield pa.record_batch(
                [
                    pa.array(lines, pa.int64()),
                    pa.array(ordinals, pa.int32()),
                    pa.ExtensionArray.from_storage(pa.json_(pa.string()), texts),
                    pa.array(written, pa.string()),
                    pa.array([span.trace_id for span in spans], pa.string()).dictionary_encode(),
                    pa.array([span.process for span in spans], pa.string()).dictionary_encode(),
                ],
                schema=SCHEMA,
            )


def hex_id_sql(text: str) -> str:
    """Return a SQL expression for a trace or span id in lower case, with the zeros that were cut off its front."""
    return (
        f"CASE WHEN length({text}) IN (16, 32) THEN lower({text}) WHEN {text} = '' THEN NULL "
        f"WHEN length({text}) < 32 AND regexp_full_match({text}, '[0-9a-fA-F]+') "
        f"THEN lpad(lower({text}), CASE WHEN length({text}) < 16 THEN 16 ELSE 32 END, '0') "
        f"ELSE lower({text}) END"
    )


def time_ns_sql(microseconds: str) -> str:
    """Return a SQL expression for nanoseconds of a text with microseconds; null where it is no number or too large."""
    return f"TRY_CAST(TRY_CAST({microseconds} AS DECIMAL(30, 3)) * 1000 AS BIGINT)"


_EVENT_NS = time_ns_sql("(x.timestamp ->> '$')")


def has_odd_time_sql(start: str, events: str) -> str:
    """Return a SQL condition: the start of a span, or the time of one of its events, cannot be read."""
    return f"{time_ns_sql(start)} IS NULL OR len(list_filter({events}, lambda x: {_EVENT_NS} IS NULL)) > 0"


def beside_sql(known: Iterable[str]) -> str:
    """Return a SQL expression for the members of `text` that are read nowhere else, as a JSON object, or null."""
    names = tuple(known)
    patch = json.dumps(dict.fromkeys(names))
    is_more = f"len(list_filter(members, lambda x: x NOT IN ({', '.join(map(quoted, names))}))) > 0"
    return f"CASE WHEN {is_more} THEN CAST(json_merge_patch(text, {quoted(patch)}) AS VARCHAR) END"


def object_sql(pairs: str) -> str:
    """Return a SQL expression for a JSON object of a list of structs of key and value, or null for none."""
    member = "concat(to_json(x.key), ':', coalesce(x.value, 'null'))"
    return (
        f"CASE WHEN len({pairs}) > 0 "
        f"THEN concat('{{', array_to_string(list_transform({pairs}, lambda x: {member}), ','), '}}') END"
    )


def event_list_sql(events: str, name: str, rest: str = "''") -> str:
    """Return a SQL expression for structs with a `timestamp`, each `x` in name and rest, as OTLP writes events."""
    begin, middle = """'{"timeUnixNano":"'""", """'","name":'"""
    event = f"concat({begin}, coalesce({_EVENT_NS}, 0), {middle}, {name}, {rest}, '}}')"
    joined = f"array_to_string(list_transform({events}, lambda x: {event}), ',')"
    return f"CASE WHEN len({events}) > 0 THEN concat('[', {joined}, ']') END"
