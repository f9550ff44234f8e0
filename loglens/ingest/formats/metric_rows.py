"""Samples of metrics whose times and values are still text, into `metric_samples`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from loglens.ingest.pieces import RejectSpool
from loglens.ingest.reader import Reading
from loglens.ingest.timestamps import time_ns_sql

SAMPLE_SCHEMA = pa.schema(
    [
        ("line", pa.int64()), ("ordinal", pa.int32()), ("time", pa.string()), ("name", pa.string()),
        ("type", pa.string()), ("unit", pa.string()), ("extra", pa.string()), ("labels", pa.string()),
        ("value", pa.string()),
    ]
)  # fmt: skip
# What is assumed where a sample has no time of its own.
FILE_TIME = ("time", "that of the file, where a sample has none")
# The labels that name the service a sample belongs to, the first that is there wins.
SERVICE_LABELS = ("service", "service_name", "job")


def names_service(labels: str) -> bool:
    """Say whether labels, as a JSON object, name a service."""
    return any(f'"{label}":' in labels for label in SERVICE_LABELS)


@dataclass
class Lacking:
    """What samples of a source did not say, or the `named` they stand in; and what was no sample."""

    named: str = "sample"
    rejects: RejectSpool = field(default_factory=RejectSpool)
    time: bool = False
    service: bool = False


def store_samples(reading: Reading, batches: Iterator[pa.RecordBatch], lacking: Lacking) -> None:
    """Store batches of SAMPLE_SCHEMA, count them and note what was assumed; `lacking` fills while they are read."""
    binds = {"source_id": reading.source_id, "service": reading.fallback_service, "file_ns": reading.modified_ns}
    reading.counts.records += reading.insert(_statement(), SAMPLE_SCHEMA, batches, binds)
    reading.counts.untimed += reading.count_untimed("metric_samples")
    lacking.rejects.insert(reading.connection, reading.source_id)
    if lacking.time:
        reading.assume(*FILE_TIME)
    if lacking.service:
        reading.assume(
            "service", f"{reading.fallback_service}, from the file's name, where a {lacking.named} names none"
        )


def _statement() -> str:
    """Return the INSERT of a batch of SAMPLE_SCHEMA; it binds $source_id, $service and $file_ns.

    The service is that of a label of SERVICE_LABELS, or $service; a time is seconds or milliseconds by its
    magnitude, as everywhere.
    """
    paths = ", ".join(f"'$.{label}'" for label in SERVICE_LABELS)
    named = ", ".join(f"named[{place}]" for place in range(1, len(SERVICE_LABELS) + 1))
    return f"""
        INSERT INTO metric_samples (source_id, line, ordinal, ts_ns, service, name, type, unit, labels, value, extra)
        SELECT
            $source_id,
            line,
            ordinal,
            CASE WHEN time IS NULL THEN $file_ns::BIGINT ELSE {time_ns_sql("time")} END,
            coalesce({named}, $service),
            name,
            type,
            unit,
            labels,
            CAST(value AS DOUBLE),
            extra
        FROM (
            SELECT *, json_extract_string(labels, [{paths}]) AS named
            FROM input
        ) AS samples
    """
