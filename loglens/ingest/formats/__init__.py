"""The formats loglens reads, in the order in which ties between their sniffers are decided."""

from __future__ import annotations

from loglens.ingest.formats.access_log import FORMAT as ACCESS_LOG
from loglens.ingest.formats.health import FORMAT as HEALTH
from loglens.ingest.formats.jaeger import FORMAT as JAEGER
from loglens.ingest.formats.logfmt import FORMAT as LOGFMT
from loglens.ingest.formats.ndjson import FORMAT as NDJSON
from loglens.ingest.formats.otlp_json import FORMAT as OTLP_JSON
from loglens.ingest.formats.plain import FORMAT as PLAIN
from loglens.ingest.formats.prometheus_api import FORMAT as PROMETHEUS_API
from loglens.ingest.formats.prometheus_text import FORMAT as PROMETHEUS_TEXT
from loglens.ingest.formats.tempo import FORMAT as TEMPO
from loglens.ingest.formats.zipkin import FORMAT as ZIPKIN
from loglens.ingest.reader import Format

FORMATS: tuple[Format, ...] = (
    OTLP_JSON,
    TEMPO,
    JAEGER,
    ZIPKIN,
    PROMETHEUS_API,
    HEALTH,
    NDJSON,
    PROMETHEUS_TEXT,
    ACCESS_LOG,
    LOGFMT,
    PLAIN,
)
# What text is read as that no format recognises.
FALLBACK = PLAIN
