"""The formats loglens reads, in the order in which ties between their sniffers are decided."""

from __future__ import annotations

from loglens.ingest.formats import ndjson, otlp_json

FORMATS = (
    otlp_json.FORMAT,
    ndjson.FORMAT,
)
