"""OTLP protobuf: export requests as SDKs send them and as the collector writes them with `format: proto`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from loglens.ingest.messages import first_message, framing_of
from loglens.ingest.protobuf_wire import BYTES, BrokenWire, read_varint
from loglens.ingest.reader import Format, Reading, Sample

# A request, down to a span; every byte of it happens to be ASCII, so that it can stand in a text.
EXAMPLE = (
    "\n_\n\x16\n\x14\n\x0cservice.name\x12\x04\n\x02ab\x12E\n\x06\n\x04http\x12;\n\x10trace-of-16-byte\x12\x08span-of8*"
    "\tGET /cart0\x029\x01\x02\x03\x04\x05\x06\x07\x15A\x01\x02\x03\x05\x05\x06\x07\x15"
)
# Numbers of the fields around records, and of those themselves.
AROUND_RECORDS, RECORDS = (1, 2), 2
MAX_RECORDS = 20


def sniff(sample: Sample) -> float:
    """Say how surely a content is OTLP protobuf: by the fields of the first record in it."""
    from loglens.ingest.formats.otlp_requests import signal_of

    found = (signal_of(sample.head, *bounds) for bounds in first_records(sample.head))
    return 0.97 if any(found) else 0.0


def first_records(head: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the first records of a content begin and end, none where its first message holds none."""
    framing = framing_of(head)
    bounds = first_message(head, framing) if framing else None
    if bounds is None:
        return
    place, end = bounds[0], min(bounds[1], len(head))
    for number in AROUND_RECORDS:
        inner = next(_fields(head, place, end, number), None)
        if inner is None:
            return
        place, end = inner
    yield from islice(_fields(head, place, end, RECORDS), MAX_RECORDS)


def _fields(data: bytes, place: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield where the content of each field of a number begins and ends, cut at the end of the data."""
    try:
        while place < end:
            tag, place = read_varint(data, place, end)
            if tag & 7 != BYTES:
                return
            size, place = read_varint(data, place, end)
            if tag >> 3 == wanted:
                yield place, min(place + size, end)
            place += size
    except BrokenWire:
        return


def read(reading: Reading) -> None:
    """Read a source of OTLP protobuf into spans, logs and metric_samples."""
    from loglens.ingest.formats.otlp_protobuf_reading import ProtobufReading

    ProtobufReading(reading).run()


FORMAT = Format(
    name="otlp_protobuf",
    title="OTLP protobuf",
    marks="the fields of the first span, log record or metric in the message",
    carries=("spans", "logs", "metric_samples"),
    example=EXAMPLE,
    sniff=sniff,
    read=read,
    is_helped=True,
    is_binary=True,
)
