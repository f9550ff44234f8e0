"""Reading one source of OTLP protobuf: its messages in, the rows of three tables out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_batches import Ordinals
from loglens.ingest.formats.otlp_origin import Around
from loglens.ingest.formats.otlp_pieces import SPANS, Group, Signal
from loglens.ingest.formats.otlp_protobuf import first_records
from loglens.ingest.formats.otlp_reading import OtlpParser, OtlpReading
from loglens.ingest.formats.otlp_requests import MESSAGE_OF, RequestReader, WireGroup, signal_of
from loglens.ingest.formats.otlp_tally import Book, Tally
from loglens.ingest.formats.otlp_transcode import UNKNOWN, transcode
from loglens.ingest.formats.otlp_values import Malformed
from loglens.ingest.formats.otlp_wire_batches import SpanBatches, Spans, padded, reason_of, reject
from loglens.ingest.formats.otlp_wire_scopes import Scope, UsualRequests
from loglens.ingest.messages import text_of_bytes


class ProtobufParser(OtlpParser):
    """Makes batches from messages: spans by column, every other record by its JSON form."""

    def __init__(self, fallback_service: str, book: Book | None = None) -> None:
        super().__init__(fallback_service, book)
        self._requests = RequestReader()
        self._wire = SpanBatches()
        self._has_unknown = False
        self._ordinals = Ordinals()
        self._last_signal = SPANS

    @property
    def names(self) -> set[str]:
        """The attribute names that were seen."""
        return super().names | self._wire.names

    @property
    def has_unknown(self) -> bool:
        """True when there were fields that have no names."""
        return super().has_unknown or self._has_unknown or self._wire.has_unknown

    def parse(self, pieces: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield the batches of some messages by the name of their signal."""
        yield from self._messages(pieces)
        yield from self._rest()

    def _messages(self, batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Read the messages of a batch; what they hold stands in one buffer."""
        lines = batch.column("line").to_pylist()
        _, offsets, buffer = batch.column("content").buffers()
        bounds = memoryview(offsets).cast("i").tolist()
        content = padded(memoryview(buffer)[: bounds[len(lines)]])
        waiting: list[Spans] = []
        tallies = []
        usual = UsualRequests(content, bounds[: len(lines) + 1])
        for number, (line, begin, end) in enumerate(zip(lines, bounds, bounds[1:], strict=False)):
            tally = Tally(self.book, line, 1)
            tallies.append(tally)
            if self._last_signal == SPANS and self._takes(usual.scopes(number), tally, waiting):
                continue
            try:
                groups = self._requests.groups(content, begin, end)
            except (Malformed, RecursionError) as error:
                tally.reject(reason_of(error), text_of_bytes(content[begin:end]), awaited=0)
                continue
            signal = self._signal(content, groups)
            for group in groups:
                yield from self._group(content, group, signal, tally, waiting)
        yield from ((SPANS.name, made) for made in self._wire.batches(content, waiting))
        for tally in tallies:
            tally.close()

    def _takes(self, scopes: Sequence[Scope], tally: Tally, waiting: list[Spans]) -> bool:
        """Take the spans of the scopes of a usual request; say whether there are some, and of known origins."""
        try:
            origins = [self._origins.of(self._requests.around(scope.resource, scope.about)) for scope in scopes]
        except (Malformed, RecursionError):
            return False
        for scope, origin in zip(scopes, origins, strict=True):
            count = len(scope.begins)
            tally.expect(count)
            waiting.append(Spans(tally, self._ordinals.take(tally.line, count), origin, scope.begins, scope.ends))
        return bool(scopes)

    def _signal(self, content: bytes, groups: list[WireGroup]) -> Signal:
        """Return what the records of a request are, which holds one kind of them."""
        bounds = (each for group in groups for each in zip(group.begins, group.ends, strict=True))
        found = (signal_of(content, begin, end) for begin, end in bounds)
        self._last_signal = next((each for each in found if each), self._last_signal)
        return self._last_signal

    def _group(
        self, content: bytes, group: WireGroup, signal: Signal, tally: Tally, waiting: list[Spans]
    ) -> Iterator[tuple[str, pa.RecordBatch]]:
        self._has_unknown |= any(UNKNOWN in name for name, _ in _members(group.around))
        if signal != SPANS:
            texts = self._texts(content, group, tally, MESSAGE_OF[signal])
            reader = self._typed.get(signal, self._metrics)
            yield from ((signal.name, batch) for batch in reader.add_group(Group(signal, group.around, texts), tally))
            return
        count = len(group.begins)
        tally.expect(count)
        ordinal = self._ordinals.take(tally.line, count)
        try:
            origin = self._origins.of(group.around)
        except (Malformed, RecursionError) as error:
            for begin, end in zip(group.begins, group.ends, strict=True):
                reject(tally, error, content[begin:end])
            return
        begins, ends = np.array(group.begins, np.int64), np.array(group.ends, np.int64)
        waiting.append(Spans(tally, ordinal, origin, begins, ends))

    def _texts(self, content: bytes, group: WireGroup, tally: Tally, message: str) -> list[bytes]:
        """Return the JSON form of the records of a group; those that have none are rejected."""
        texts = []
        for begin, end in zip(group.begins, group.ends, strict=True):
            try:
                text = transcode(content[begin:end], message)
            except (Malformed, RecursionError) as error:
                tally.expect(1)
                reject(tally, error, content[begin:end])
            else:
                self._has_unknown |= f'"{UNKNOWN}"' in text
                texts.append(text.encode())
        return texts


class ProtobufReading(OtlpReading):
    """One pass over the messages."""

    parser = ProtobufParser

    def _commonest(self) -> Signal:
        head = self._reading.sample.head
        found = (signal_of(head, *bounds) for bounds in first_records(head))
        return next((signal for signal in found if signal), SPANS)


def _members(around: Around) -> Iterator[tuple[str, bytes]]:
    yield from around.resource_members
    yield from around.scope_members
