"""The formats loglens reads, in the order in which ties between their sniffers are decided."""

from __future__ import annotations

from loglens.ingest.formats.ndjson import FORMAT as NDJSON
from loglens.ingest.formats.otlp_json import FORMAT as OTLP_JSON
from loglens.ingest.reader import Format

FORMATS: tuple[Format, ...] = (
    OTLP_JSON,
    NDJSON,
)
