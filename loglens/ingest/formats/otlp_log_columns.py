"""Log records decoded by type into the columns of a batch, with a verdict for each record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.formats.otlp_attributes import Flattener
from loglens.ingest.formats.otlp_columns import Codes, Columns, Flags, Ints, dictionary, ids, numbers, times
from loglens.ingest.formats.otlp_logs import BESIDE, RESERVED
from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.formats.otlp_scalars import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    read_severity,
    severity_name,
    severity_of_text,
)
from loglens.ingest.formats.otlp_typed import NOTHING, LogRecord
from loglens.ingest.formats.otlp_words import Words, json_size, members, origin_columns, texts
from loglens.ingest.lines import strings

_BESIDE = attrgetter(*BESIDE)


class Text(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A body that is a text."""

    stringValue: str  # noqa: N815


_decode_text = msgspec.json.Decoder(Text).decode
_decode_texts = msgspec.json.Decoder(list[Text]).decode


class LogReader:
    """Makes columns of typed log records; keeps what repeats from batch to batch."""

    def __init__(self) -> None:
        self._flattener = Flattener()
        self._levels = Words(_level)

    @property
    def names(self) -> set[str]:
        """The attribute names that were seen."""
        return self._flattener.seen.names

    def read(self, records: Sequence[LogRecord], origins: Sequence[Origin], codes: Codes) -> Columns:
        """Read some log records; `codes` says for each which of the origins is its own."""
        flat = self._flattener.flatten([record.attributes for record in records])
        time = times([record.timeUnixNano for record in records])
        observed = times([record.observedTimeUnixNano for record in records])
        trace = ids([record.traceId for record in records], 2 * TRACE_ID_BYTES)
        own = ids([record.spanId for record in records], 2 * SPAN_ID_BYTES)
        keys = [(record.severityNumber, record.severityText) for record in records]
        level, level_sizes = self._levels.look_up(keys)
        message, body_good, body_sizes = _messages([record.body for record in records])
        beside, beside_sizes = _beside(records, origins, codes)
        good = flat.whole & time.good & observed.good & body_good & (level_sizes >= 0)
        good &= (trace.good | (trace.sizes <= 2)) & (own.good | (own.sizes <= 2))
        if self.names & RESERVED:
            good[:] = False
        sizes = beside_sizes + level_sizes + 1
        for key, part in (
            ("timeUnixNano", time.sizes), ("traceId", trace.sizes), ("spanId", own.sizes), ("body", body_sizes),
            ("attributes", flat.sizes),
        ):  # fmt: skip
            sizes += members(key, part)
        found = self._levels.found
        columns = origin_columns(origins, codes) | {
            "ts_ns": pc.coalesce(time.array, observed.array),
            "trace_id": trace.array, "span_id": own.array, "message": message, "attributes": flat.texts,
            "level": dictionary(level, [name for name, _ in found]), "beside": beside,
            "severity_number": _severities(level, [number for _, number in found]),
            "raw": pa.nulls(len(records), pa.string()),
        }  # fmt: skip
        return Columns(columns, good, sizes)


def _level(key: tuple[int | str | None, str | None]) -> tuple[tuple[str | None, int | None], int]:
    number, text = key
    severity, known = read_severity(None if number is None else str(number))
    severity = severity or (severity_of_text(text) if text else None)
    parts = (("severityNumber", number), ("severityText", text))
    size = sum(len(name) + 4 + json_size(part) for name, part in parts if part is not None)
    return (text or severity_name(severity), severity), size if known else -1


def _severities(codes: Codes, values: Sequence[int | None]) -> pa.Array:
    table = np.array([value or 0 for value in values], np.int32)
    found = table[codes]
    return numbers(found, found > 0)


def _messages(bodies: Sequence[msgspec.Raw]) -> tuple[pa.StringArray, Flags, Ints]:
    """Make the texts of bodies; return with them which bodies are texts or absent, and their bytes."""
    present = np.fromiter((body is not NOTHING for body in bodies), np.bool_, len(bodies))
    good = np.ones(len(bodies), np.bool_)
    values: list[str | None] = []
    with suppress(msgspec.MsgspecError):
        values = [text.stringValue for text in _decode_texts(b"[" + b",".join(bodies) + b"]")]
    if len(values) < len(bodies):
        # Some are no texts or absent; of one that is absent alone the list is well-formed and empty.
        values = [_text(body) for body in bodies]
        good = ~present | np.fromiter((value is not None for value in values), np.bool_, len(bodies))
    array, sizes = texts(values)
    return array, good, np.where(sizes > 0, sizes + len('{"stringValue":}'), 0)


def _text(body: msgspec.Raw) -> str | None:
    try:
        return _decode_text(body).stringValue
    except msgspec.MsgspecError:
        return None


def _beside(records: Sequence[LogRecord], origins: Sequence[Origin], codes: Codes) -> tuple[pa.StringArray, Ints]:
    """Make the column with what else the records hold; return it with the bytes that takes in each record."""
    extras = [origin.extra for origin in origins]
    own = [_members(values) for values in map(_BESIDE, records)]
    sizes = np.fromiter((len(text.encode()) + 1 if text else 0 for text in own), np.int64, len(own))
    around = (extras[code] for code in codes.tolist())
    joined = (f"{text},{extra}" if text and extra else text or extra for text, extra in zip(own, around, strict=True))
    return strings([text or None for text in joined]), sizes


def _members(values: tuple[Any, ...]) -> str:
    return ",".join(
        f'"{key}":{msgspec.json.encode(value).decode()}'
        for key, value in zip(BESIDE, values, strict=True)
        if value is not None
    )
