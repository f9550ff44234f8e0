"""Lines of an exposition into samples, a batch at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.formats.metric_rows import SAMPLE_SCHEMA, Lacking, names_service, store_samples
from loglens.ingest.formats.prometheus_families import Families, Family, read_labels
from loglens.ingest.pieces import Reject
from loglens.ingest.reader import Reading

_NUMBER = r"[-+]?(?:(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][-+]?[0-9]+)?|(?i:inf|nan))"
# Numbers that a double may not reach.
_LARGE = r"[eE][-+]?[0-9]{3}|[0-9]{300}"
_SAMPLE = (
    r"^[ \t]*(?P<name>[a-zA-Z_:][a-zA-Z0-9_:.]*)?[ \t]*"
    r'(?P<braces>\{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]*'
    rf"(?P<value>{_NUMBER})(?:[ \t]+(?P<time>-?[0-9][0-9.eE+-]*))?"
    r"(?:[ \t]+#[ \t]*\{(?P<exemplar>.*\S))?[ \t]*\r?\n?$"
)
_EXEMPLAR = r'^(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\}[ \t]+(?P<value>\S+)(?:[ \t]+(?P<time>\S+))?$'
# Series whose labels are remembered; a scrape has thousands, a dump tens of thousands.
_REMEMBERED = 200_000


class SampleReading:
    """One pass over the lines of a source."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._families = Families()
        self._labels: dict[str, tuple[str | None, str] | None] = {}
        self._lacking = Lacking()

    def run(self) -> None:
        """Read the source to its end."""
        store_samples(self._reading, self._batches(), self._lacking)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reading.pieces:
            is_comment = pc.match_substring_regex(batch["text"], r"^[ \t]*#")
            for comment in batch["text"].filter(is_comment).unique().to_pylist():
                self._families.learn(comment)
            self._reading.counts.record_lines += pc.sum(is_comment).as_py() or 0
            samples = batch.filter(pc.invert(is_comment))
            if samples.num_rows and (read := self._samples(samples)).num_rows:
                self._reading.counts.record_lines += read.num_rows
                yield read

    def _samples(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the samples of lines; lines that are none are set aside."""
        found = pc.extract_regex(batch["text"], _SAMPLE)
        names, labels = self._series(found.field("name"), found.field("labels"))
        time, exemplar = found.field("time"), found.field("exemplar")
        is_sample = pc.and_(found.is_valid(), pc.and_(labels.is_valid(), pc.not_equal(names, "")))
        is_sample = pc.and_(is_sample, _is_reachable(found.field("value")))
        if not pc.all(is_sample).as_py():
            self._set_aside(batch.filter(pc.invert(pc.fill_null(is_sample, False))))
            keep = pc.indices_nonzero(pc.fill_null(is_sample, False))
            batch, names, labels, found = (each.take(keep) for each in (batch, names, labels, found))
            time, exemplar = found.field("time"), found.field("exemplar")
        self._lacking.time = self._lacking.time or bool(pc.any(pc.equal(time, "")).as_py())
        if not self._lacking.service:
            self._lacking.service = not all(map(names_service, labels.unique().to_pylist()))
        columns = [
            batch["line"],
            batch["ordinal"],
            pc.if_else(pc.equal(time, ""), pa.scalar(None, pa.string()), time),
            names,
            *self._about(names, exemplar),
            labels,
            found.field("value"),
        ]
        return pa.record_batch([self._plain(each) for each in columns], schema=SAMPLE_SCHEMA)

    @staticmethod
    def _plain(column: pa.Array) -> pa.Array:
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    def _series(self, names: pa.Array, labels: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Return the names and the labels as JSON, null where they are broken; each text of labels is read once."""
        coded = pc.fill_null(labels, "").dictionary_encode()
        read = [self._label(text) for text in coded.dictionary.to_pylist()]
        written = pa.array([each[1] if each else None for each in read], pa.string()).take(coded.indices)
        if any(each and each[0] is not None for each in read):
            inner = pa.array([(each[0] or "") if each else "" for each in read], pa.string()).take(coded.indices)
            names = pc.if_else(pc.equal(names, ""), inner, names)
        return names, written

    def _label(self, text: str) -> tuple[str | None, str] | None:
        if text not in self._labels:
            if len(self._labels) >= _REMEMBERED:
                self._labels.clear()
            self._labels[text] = read_labels(text)
        return self._labels[text]

    def _about(self, names: pa.Array, exemplars: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Return the type, the unit, and what else is known, by the name of each sample."""
        coded = names.dictionary_encode()
        families = [self._families.of(name) for name in coded.dictionary.to_pylist()]
        kinds = pa.array([family.type for family in families], pa.string()).take(coded.indices)
        units = pa.array([family.unit for family in families], pa.string()).take(coded.indices)
        extra = pa.array([_extra(family) for family in families], pa.string()).take(coded.indices)
        if (rows := np.flatnonzero(pc.not_equal(exemplars, "").to_numpy(zero_copy_only=False))).size:
            written = extra.to_pylist()
            for row in rows:
                family = families[coded.indices[int(row)].as_py()]
                written[row] = _extra(family, _exemplar(exemplars[int(row)].as_py()))
            extra = pa.array(written, pa.string())
        return kinds, units, extra

    def _set_aside(self, broken: pa.RecordBatch) -> None:
        for line, text in zip(broken["line"].to_pylist(), broken["text"].to_pylist(), strict=True):
            self._lacking.rejects.add(Reject(line, 1, "no sample of a metric", text.rstrip("\r\n")))


def _is_reachable(values: pa.Array) -> pa.Array:
    """Say of numbers as text which a double can hold."""
    large = pc.match_substring_regex(values, _LARGE)
    if not pc.any(large).as_py():
        return pc.true_unless_null(values)
    judged = zip(values.to_pylist(), large.to_pylist(), strict=True)
    return pa.array([not is_large or math.isfinite(float(text)) for text, is_large in judged])


def _extra(family: Family, exemplar: object = None) -> str | None:
    extra = {"description": family.description, "exemplars": exemplar and [exemplar]}
    said = {key: value for key, value in extra.items() if value}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else None


def _exemplar(text: str) -> dict[str, object]:
    """Return an exemplar, or its text where it does not read as one."""
    match = pc.extract_regex(pa.array([text]), _EXEMPLAR)[0].as_py()
    read = read_labels(match["labels"]) if match else None
    if read is None:
        return {"text": "{" + text}
    exemplar: dict[str, object] = {"labels": json.loads(read[1]), "value": match["value"]}
    return exemplar | ({"timestamp": match["time"]} if match["time"] else {})
