"""The service a file speaks for when its records do not say: the file's own name."""

from __future__ import annotations

import re
from pathlib import PurePath

from loglens.ingest.job import MEMBER

_ENDINGS = re.compile(
    r"(\.(log|json|jsonl|ndjson|prom|metrics|om|txt|out|err|gz|zst|bz2|xz|otlp|pb|binpb|\d+|\d{4}-\d{2}-\d{2}))+$",
    re.IGNORECASE,
)
_CONTAINER = re.compile(r"pods/[^/]+_[^/]+_[^/]+/([^/]+)/\d+\.log[^/]*$|[^/]+_[^/]+_([^/]+)-[0-9a-f]{64}\.log$")
_DATES = re.compile(r"[-_.]?\d{4}-?\d{2}-?\d{2}([-_T]?\d{2,6})?$")
_LOG = re.compile(
    r"(^|[._-])logs?($|[._-])(?!.*\.(csv|tsv|json|md|html?|xml|ya?ml|sql|py|js|sh|conf)(\.\w+)?$)", re.IGNORECASE
)


def is_log_name(path: str) -> bool:
    """Say whether a file is called a log, as in `app.log`, `error_log` or `app.log.2.gz`."""
    return _LOG.search(PurePath(path).name) is not None


def service_of(path: str) -> str:
    """Return the file name without endings, rotation numbers and dates: `llm-api.log.2.gz` is `llm-api`.

    The logs of a Kubernetes node, `pods/default_web-0_uid/web/0.log` and `containers/web-0_default_web-id.log`, are
    called by their container.
    """
    if container := _CONTAINER.search(path):
        return container[1] or container[2]
    name = PurePath(path.rpartition(MEMBER)[2]).name
    stem = _DATES.sub("", _ENDINGS.sub("", name))
    return stem or name
