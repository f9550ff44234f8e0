"""Samples of metrics whose times and values are still text, into `metric_samples`."""

from __future__ import annotations

import pyarrow as pa

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


def count_untimed(reading: Reading, first_line: int) -> int:
    """Count the samples of a source from a line on whose time could not be read."""
    statement = "SELECT count(*) FROM metric_samples WHERE source_id = ? AND line >= ? AND ts_ns IS NULL"
    ((untimed,),) = reading.connection.execute(statement, [reading.source_id, first_line]).fetchall()
    return int(untimed)


def sample_statement() -> str:
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
            try_cast(value AS DOUBLE),
            extra
        FROM (
            SELECT *, json_extract_string(labels, [{paths}]) AS named
            FROM input
        ) AS samples
    """
