"""Keycloak, and other servers on Quarkus or WildFly: the logger in brackets, the thread in parentheses."""

from __future__ import annotations

from loglens.ingest.formats.loggers import JAVA_LEVEL, rows
from loglens.ingest.layout import Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import ISO, TIME_OF_DAY

_PATTERN = rf"<time> {JAVA_LEVEL} +\[(?P<logger>[\w.$-]+)\] \((?P<thread>[^\n]*?)\) (?P<message>.*)"


def _of_event(key: str) -> str:
    """Return the SQL of a value of an event, such as `type="LOGIN_ERROR", userId="17", error="expired_code"`."""
    text = f"regexp_extract({{message}}, '(?:^|, ){key}=\"?([^\", ]+)', 1)"
    is_event = "{logger} = 'org.keycloak.events'"
    return f"CASE WHEN {is_event} THEN nullif(nullif({text}, ''), 'null') END"


FORMAT = text_format(
    name="keycloak",
    title="Keycloak, Quarkus and WildFly",
    marks="time, level, a logger in brackets, a thread in parentheses",
    example='2026-01-15 09:00:00,250 WARN  [org.keycloak.events] (executor-thread-1) type="LOGIN_ERROR", '
    'realmId="main", userId="17", error="expired_code"\n',
    layouts=Layouts(
        known=tuple(
            rows(
                (ISO, TIME_OF_DAY),
                {"Quarkus": _PATTERN},
                columns={"user_id": _of_event("userId"), "error_type": _of_event("error")},
            )
        ),
        head=rf"^[\d-]{{0,10}}[^\n]{{6,20}} {JAVA_LEVEL} +\[[\w.$-]+\] \(",
    ),
    certainty=0.85,
)
