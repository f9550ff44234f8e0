"""Lines that wrap the line of an application: what a container runtime or a tool writes before it.

The inner lines are cut into records again: JSON goes to the reader of JSON logs, with what was around it under the key
ENVELOPE, everything else to the layouts of text logs. A line that is no wrapper stands for itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from loglens.ingest.content import Content
from loglens.ingest.heads import MOST_HEAD_BYTES, heads_of
from loglens.ingest.layout import LONGEST_TEXT_BYTES, Wrapper
from loglens.ingest.lines import Flags, Lines, Places, column, flags_of, numbers_of, strings, text_scalar, texts
from loglens.ingest.pieces import SCHEMA
from loglens.ingest.reader import Format, Reading, Sample
from loglens.ingest.records import Cut, RecordPieces
from loglens.ingest.spool import Spool

ENVELOPE = "envelope"
CERTAINTY = 0.97
# What may be around a record, and the key it has in the envelope.
OUTER = {"time": "time", "service": "container_name", "instance": "hostname", "stream": "stream"}
# `outer_members` is what else is around a record, as members of a JSON object.
WRAPPED_SCHEMA = pa.schema([*SCHEMA, *((f"outer_{name}", pa.string()) for name in (*OUTER, "members"))])
# How much of what is looked at of a line is its own text at least.
LEAST_TEXT_BYTES = 48
_COLOURS = r"\x1b\[[0-9;]*[A-Za-z]"
_ESCAPES = r'["\\\x00-\x1f]'
_UNWRITABLE = np.isin(np.arange(256), [*range(32), *b'"\\'])
_NOTHING = text_scalar("")


class WrappedPieces(RecordPieces):
    """The records within the wrapped lines of a content, with what was around them in columns of their own."""

    def __init__(
        self, content: Content, first_line: int, done: xxhash.xxh3_128, longest_bytes: int, wrapper: Wrapper
    ) -> None:
        super().__init__(content, first_line, done, longest_bytes)
        self._wrapper = wrapper

    def _cut(self, lines: Lines) -> Cut:
        return WrappedCut(lines, self._wrapper)


class WrappedCut(Cut):
    """Where the records within wrapped lines begin."""

    def __init__(self, lines: Lines, wrapper: Wrapper) -> None:
        self._wrapper = wrapper
        self._is_quick = True
        super().__init__(lines)
        if len(self.begins) < len(self.kept):
            # What is around the second line of a record is no part of it.
            self._is_quick = False
            super().__init__(lines)

    def _open(self, lines: Lines) -> Lines:
        """Return the inner lines; the parts of one that was cut have no line end between them."""
        is_plain = (
            self._is_quick and not self._wrapper.is_escaped and b"\x1b" not in lines.whole and b"\r" not in lines.whole
        )
        inner = self._behind_heads(lines) if is_plain else None
        return self._open_each(lines) if inner is None else inner

    def _behind_heads(self, lines: Lines) -> Lines | None:
        """Return the inner lines where they are whole and all begin soon; None where they have to be looked at each."""
        if (heads := heads_of(lines, self._wrapper)) is not None:
            self._keep_texts({name: texts(lines, *span, pa.string()) for name, span in heads.spans.items()})
            self._is_part = np.zeros(len(heads.begins), bool)
            return Lines(lines.whole, lines.data, heads.begins, lines.ends)
        ends = np.minimum(lines.ends, lines.starts + MOST_HEAD_BYTES)
        found = pc.extract_regex(texts(lines, lines.starts, ends, pa.binary()), pattern=self._wrapper.head_pattern)
        if found.null_count:
            return None
        self._keep(found)
        if self._is_part.any():
            return None
        begins = lines.starts + numbers_of(pc.binary_length(pc.struct_field(found, "head")))
        # What is behind the part that was looked at may belong to the head.
        if ((begins + LEAST_TEXT_BYTES > ends) & (ends < lines.ends)).any():
            return None
        return Lines(lines.whole, lines.data, begins, lines.ends)

    def _keep(self, found: pa.StructArray) -> None:
        """Keep what is around each line, and whether the next line goes on with it."""
        names = [field.name for field in found.type]
        self._keep_texts({name: pc.struct_field(found, name).view(pa.string()) for name in OUTER if name in names})
        self._is_part = np.zeros(len(found), bool)
        if "tag" in names:
            tag = pc.struct_field(found, "tag").view(pa.string())
            self._is_part = _flags_without_null(pc.starts_with(tag, "P"))
        # A file may end within a part.
        self._is_part[-1:] = False

    def _keep_texts(self, found: Mapping[str, pa.StringArray]) -> None:
        """Keep the texts around each line, by name."""
        nothing = pa.nulls(len(self.raw.ends), pa.string())
        self.outer = [_present(found[name]) if name in found else nothing for name in OUTER]
        self.outer.append(nothing)

    def _open_each(self, lines: Lines) -> Lines:
        bounds = np.append(lines.starts, lines.ends[-1:]).astype(np.int32)
        buffers = [None, pa.py_buffer(bounds), pa.py_buffer(lines.whole)]
        whole = pc.utf8_rtrim(pa.Array.from_buffers(pa.string(), len(lines.ends), buffers), "\r\n")
        found = pc.extract_regex(whole, pattern=f"(?s){self._wrapper.pattern}")
        text = pc.struct_field(found, "text")
        is_part = None
        if self._wrapper.is_escaped:
            text = unescaped(text)
            is_part = pc.invert(pc.ends_with(text, "\n"))
            text = pc.replace_substring_regex(text, r"\r?\n$", "")
        text = pc.coalesce(text, whole)
        if b"\x1b" in lines.whole or self._wrapper.is_escaped:
            text = pc.replace_substring_regex(text, _COLOURS, "")
        self._keep(found)
        if is_part is not None:
            self._is_part = _flags_without_null(is_part)
            self._is_part[-1:] = False
        ends = strings(["\n", ""]).take(column(self._is_part.astype(np.int64)))
        joined = _joined(text, ends)
        _, places, data = joined.buffers()
        offsets = np.frombuffer(places, np.int32)[joined.offset : joined.offset + len(joined) + 1].astype(np.int64)
        whole_bytes = data.to_pybytes() if data is not None else b""
        return Lines(whole_bytes, np.frombuffer(whole_bytes, np.uint8), offsets[:-1], offsets[1:])

    def _starts(self) -> Flags:
        flags = super()._starts()
        if len(flags) > 1:
            apart = np.zeros(len(flags) - 1, bool)
            for each in self.outer[1:]:
                if each.null_count == len(each):
                    continue
                kept = pc.fill_null(each.take(column(self.kept)), _NOTHING)
                apart |= flags_of(pc.not_equal(kept.slice(1), kept.slice(0, len(kept) - 1)))
            flags[1:] |= apart
            flags[1:] &= ~self._is_part[self.kept[:-1]] | apart
        return flags

    def columns(self, begins: Places) -> list[pa.Array]:
        """Return what is around the records that begin on some lines."""
        return [each.take(column(begins)) for each in self.outer]

    @property
    def schema(self) -> pa.Schema:
        """The columns of a batch of its records."""
        return WRAPPED_SCHEMA


@dataclass
class _Parted:
    """Wrapped records, the JSON of which is handed out and the others set aside."""

    pieces: Iterator[pa.RecordBatch]
    aside: Spool

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the records that are JSON objects, opened, in batches of the usual columns."""
        for batch in self.pieces:
            is_object = _are_objects(batch.column("text"))
            objects = batch
            if not pc.all(is_object).as_py():
                plain, objects = batch.filter(pc.invert(is_object)), batch.filter(is_object)
                self.aside.add(plain)
            if objects.num_rows:
                opened = _with_envelope(objects)
                yield pa.record_batch([*(objects.column(name) for name in SCHEMA.names[:-1]), opened], schema=SCHEMA)


def _are_objects(text: pa.StringArray) -> pa.BooleanArray:
    """Say which texts begin and end as JSON objects do."""
    starts = pc.starts_with(text, '{"')
    ends = pc.or_(pc.ends_with(text, "}\n"), pc.ends_with(text, "}"))
    usual = pc.and_(starts, ends)
    if pc.all(usual).as_py():
        return usual
    others = pc.match_substring_regex(text.filter(pc.invert(usual)), r'(?s)^\{\s*".*\}\s*$')
    return pc.replace_with_mask(usual, pc.invert(usual), others)


def _flags_without_null(values: pa.BooleanArray) -> Flags:
    """Return flags, false for null."""
    return flags_of(values) & flags_of(values.is_valid())


def unescaped(texts: pa.StringArray) -> pa.StringArray:
    """Return what stands between the quotes of JSON strings without its escapes; as it is where they are none."""
    quoted = _joined('"', pc.fill_null(texts, _NOTHING), '"')
    try:
        plain = msgspec.json.decode(f"[{','.join(quoted.to_pylist())}]", type=list[str])
    except msgspec.DecodeError:
        plain = [_unescaped(text) for text in quoted.to_pylist()]
    return pc.if_else(pc.is_null(texts), texts, strings(plain))


def _unescaped(quoted: str) -> str:
    try:
        # Half of a surrogate pair is no text.
        return str(json.loads(quoted, strict=False)).encode(errors="replace").decode()
    except ValueError:
        return quoted[1:-1]


def _with_envelope(batch: pa.RecordBatch) -> pa.StringArray:
    """Return the texts of JSON objects, each with what was around it as one more member."""
    text = batch.column("text")
    begun = pc.binary_slice(text.cast(pa.binary()), 0, -2).cast(pa.string()) if _all_end(text) else None
    if begun is None:
        begun = pc.replace_substring_regex(text, r"\}\s*$", "")
    columns = {f'"{key}":"': batch.column(f"outer_{name}") for name, key in OUTER.items()}
    values = {begin: _writable(value) for begin, value in columns.items() if value.null_count < len(value)}
    beside = batch.column("outer_members")
    if beside.null_count == len(beside) and values and not any(value.null_count for value in values.values()):
        parts: list[pa.Array | str] = [begun, f',"{ENVELOPE}":{{']
        for begin, value in values.items():
            parts += [begin, value, '",']
        return _joined(*parts[:-1], '"}}')
    around = strings([""]).take(column(np.zeros(len(text), np.int64)))
    for begin, value in values.items():
        around = _joined(around, pc.fill_null(_joined(f",{begin}", value, '"'), _NOTHING))
    if beside.null_count < len(beside):
        around = _joined(around, pc.fill_null(_joined(",", beside), _NOTHING))
    opened = _joined(begun, f',"{ENVELOPE}":{{', pc.utf8_slice_codeunits(around, 1), "}}")
    is_bare = pc.equal(around, _NOTHING)
    return pc.if_else(is_bare, text, opened) if pc.any(is_bare).as_py() else opened


def _joined(*parts: pa.Array | str) -> pa.StringArray:
    """Return texts of parts one behind the other, null where a part is."""
    return pc.binary_join_element_wise(*(text_scalar(p) if isinstance(p, str) else p for p in parts), _NOTHING)


def _writable(values: pa.StringArray) -> pa.StringArray:
    """Return texts with a question mark for what cannot stand in a text of JSON as it is."""
    data, offsets = values.buffers()[2], np.frombuffer(values.buffers()[1], np.int32)
    first, last = offsets[values.offset], offsets[values.offset + len(values)]
    if data is None or not _UNWRITABLE[np.frombuffer(data, np.uint8)[first:last]].any():
        return values
    return pc.replace_substring_regex(values, _ESCAPES, "?")


def _all_end(text: pa.StringArray) -> bool:
    """Say whether all texts end with a brace and a line end, which the regular expression for others takes off."""
    is_end: bool = pc.all(pc.ends_with(text, "}\n")).as_py()
    return is_end


def _present(values: pa.StringArray) -> pa.StringArray:
    """Return texts with null for the empty ones."""
    if pc.min(pc.binary_length(values)).as_py():
        return values
    return pc.if_else(pc.equal(values, _NOTHING), text_scalar(None), values)


def wrapping_format(name: str, title: str, marks: str, example: str, wrapper: Wrapper) -> Format:
    """Return the format of lines that wrap those of others."""

    def sniff(sample: Sample) -> float:
        if not sample.lines:
            return 0.0
        lines = strings([line.decode(errors="replace").rstrip("\r") for line in sample.lines])
        fits = flags_of(pc.match_substring_regex(lines, wrapper.pattern))
        if 2 * fits.sum() <= len(fits):
            return 0.0
        # Every other line of such a file is JSON as well, but no record of its own.
        return CERTAINTY if wrapper.is_escaped else CERTAINTY * float(fits.mean())

    return Format(
        name, title, marks, example, sniff, read_wrapped, wrapper=wrapper, longest_line_bytes=LONGEST_TEXT_BYTES
    )


def read_wrapped(reading: Reading) -> None:
    """Read wrapped records into `logs`, each as its inner format."""
    from loglens.ingest.formats import ndjson
    from loglens.ingest.text_log import read_text

    with Spool(WRAPPED_SCHEMA) as aside:
        parted = _Parted(iter(reading.pieces), aside)
        ndjson.read(replace(reading, pieces=parted))
        # Where none is JSON, the reader has asked for the first and got none.
        for _ in parted:
            raise AssertionError("a reader left records behind")
        if aside.rows:
            read_text(replace(reading, pieces=aside.read()), None)
    reading.counts.untimed = reading.count_untimed("logs")
