"""The formats loglens reads, in the order in which ties between their sniffers are decided."""

from __future__ import annotations

from loglens.ingest.formats.access_log import FORMAT as ACCESS_LOG
from loglens.ingest.formats.cloudwatch import FORMAT as CLOUDWATCH
from loglens.ingest.formats.console import FORMAT as CONSOLE
from loglens.ingest.formats.containers import COMPOSE, KUBECTL
from loglens.ingest.formats.cri import FORMAT as CRI
from loglens.ingest.formats.docker import FORMAT as DOCKER
from loglens.ingest.formats.error_log import FORMAT as ERROR_LOG
from loglens.ingest.formats.go import FORMAT as GO
from loglens.ingest.formats.health import FORMAT as HEALTH
from loglens.ingest.formats.jaeger import FORMAT as JAEGER
from loglens.ingest.formats.java import FORMAT as JAVA
from loglens.ingest.formats.keycloak import FORMAT as KEYCLOAK
from loglens.ingest.formats.klog import FORMAT as KLOG
from loglens.ingest.formats.logfmt import FORMAT as LOGFMT
from loglens.ingest.formats.ndjson import FORMAT as NDJSON
from loglens.ingest.formats.otlp_json import FORMAT as OTLP_JSON
from loglens.ingest.formats.otlp_protobuf import FORMAT as OTLP_PROTOBUF
from loglens.ingest.formats.plain import FORMAT as PLAIN
from loglens.ingest.formats.postgres import FORMAT as POSTGRES
from loglens.ingest.formats.postgres_csv import FORMAT as POSTGRES_CSV
from loglens.ingest.formats.prometheus_api import FORMAT as PROMETHEUS_API
from loglens.ingest.formats.prometheus_text import FORMAT as PROMETHEUS_TEXT
from loglens.ingest.formats.python import FORMAT as PYTHON
from loglens.ingest.formats.redis import FORMAT as REDIS
from loglens.ingest.formats.syslog import FORMAT as SYSLOG
from loglens.ingest.formats.tempo import FORMAT as TEMPO
from loglens.ingest.formats.zipkin import FORMAT as ZIPKIN
from loglens.ingest.reader import Format

FORMATS: tuple[Format, ...] = (
    OTLP_JSON,
    OTLP_PROTOBUF,
    TEMPO,
    JAEGER,
    ZIPKIN,
    PROMETHEUS_API,
    HEALTH,
    CLOUDWATCH,
    NDJSON,
    PROMETHEUS_TEXT,
    CRI,
    DOCKER,
    KUBECTL,
    COMPOSE,
    ACCESS_LOG,
    LOGFMT,
    POSTGRES,
    POSTGRES_CSV,
    ERROR_LOG,
    KLOG,
    REDIS,
    SYSLOG,
    KEYCLOAK,
    JAVA,
    PYTHON,
    GO,
    CONSOLE,
    PLAIN,
)
# What text is read as that no format recognises.
FALLBACK = PLAIN
