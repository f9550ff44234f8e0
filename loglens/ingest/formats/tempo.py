"""Traces as Grafana Tempo answers them: OTLP under names of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loglens.ingest.reader import Format, Pieces, Reading, Sample

if TYPE_CHECKING:
    import pyarrow as pa

_SCOPES = {"scopeSpans", "instrumentationLibrarySpans"}
_BEGINS = re.compile(rb'\s*\{\s*"(?:batches"\s*:\s*\[|trace"\s*:\s*\{\s*"(?:resourceSpans|batches)")')


def _is_tempo(value: object) -> bool:
    trace = value.get("trace", value) if isinstance(value, dict) else None
    if not isinstance(trace, dict):
        return False
    batches = trace.get("batches", trace.get("resourceSpans") if trace is not value else None)
    return isinstance(batches, list) and all(isinstance(each, dict) and _SCOPES & each.keys() for each in batches)


def sniff(sample: Sample) -> float:
    """Say how surely a content holds answers of Tempo: by their batches, or by how a large one begins."""
    if not sample.values:
        return 0.9 if _BEGINS.match(sample.head[:4096]) else 0.0
    known = sum(map(_is_tempo, sample.values))
    return 0.97 * known / len(sample.values) if 2 * known > len(sample.values) else 0.0


@dataclass(frozen=True)
class OtlpPieces:
    """The pieces of a source, each answer as the OTLP request it holds."""

    pieces: Pieces

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        import pyarrow as pa

        for batch in self.pieces:
            texts = [_request(text) for text in batch["text"].to_pylist()]
            yield batch.set_column(batch.schema.get_field_index("text"), "text", pa.array(texts, pa.string()))


def _request(text: str) -> str:
    """Return the OTLP request in an answer; a text that holds none stays as it is, for the reader of OTLP to reject."""
    import msgspec

    try:
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if "trace" in members and "resourceSpans" not in members:
            members = msgspec.json.decode(members["trace"], type=dict[str, msgspec.Raw]) | {
                key: raw for key, raw in members.items() if key != "trace"
            }
    except (ValueError, RecursionError):
        return text
    if "batches" in members and "resourceSpans" not in members:
        members = {"resourceSpans": members.pop("batches")} | members
    return msgspec.json.encode(members).decode()


def read(reading: Reading) -> None:
    """Read the spans of answers into `spans`, and what is none into `rejects`."""
    from loglens.ingest.formats.otlp_reading import OtlpReading

    OtlpReading(replace(reading, pieces=OtlpPieces(reading.pieces))).run()


FORMAT = Format(
    name="tempo",
    title="Grafana Tempo",
    marks="batches with scopeSpans, or a trace with resourceSpans",
    carries=("spans",),
    example='{"batches":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},'
    '"scopeSpans":[{"scope":{"name":"http"},"spans":[{"traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"7uGbfsPBsXQ=",'
    '"name":"GET /cart","kind":"SPAN_KIND_SERVER","startTimeUnixNano":"1544712660000000000",'
    '"endTimeUnixNano":"1544712661000000000"}]}]}]}\n',
    sniff=sniff,
    read=read,
    is_helped=True,
)
