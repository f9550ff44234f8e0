"""Loggers of Python: logging, uvicorn, gunicorn, uWSGI, Celery, Airflow and loguru, as they write by default."""

from __future__ import annotations

from loglens.ingest.formats.loggers import PYTHON_LEVEL, rows
from loglens.ingest.layout import Layout, Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import CTIME, ISO

_LOGGER = r"(?P<logger>[\w.-]+)"
_PATTERNS = {
    "logging": rf"<time> - {_LOGGER} - {PYTHON_LEVEL} - (?P<message>.*)",
    "loguru": rf"<time> \| {PYTHON_LEVEL} *\| (?P<logger>[\w.<>-]+):(?P<function>[\w<>.]+):(?P<file_line>\d+) - "
    r"(?P<message>.*)",
    "gunicorn": rf"\[<time>\] \[(?P<pid>\d+)\] \[{PYTHON_LEVEL}\] (?P<message>.*)",
    "Celery": rf"\[<time>: {PYTHON_LEVEL}/(?P<thread>[\w-]+)\] (?P<message>.*)",
    "Airflow": rf"\[<time>\] \{{(?P<file>[^:}}]+):(?P<file_line>\d+)\}} {PYTHON_LEVEL} - (?P<message>.*)",
    "a level in brackets": rf"<time> \[{PYTHON_LEVEL} *\] {_LOGGER}: (?P<message>.*)",
    "a level, a name": rf"<time> {PYTHON_LEVEL} +{_LOGGER}(?: -|:) (?P<message>.*)",
    "a name, a level": rf"<time> {_LOGGER} +{PYTHON_LEVEL}(?: -|:)? (?P<message>.*)",
}
_UNTIMED = (
    Layout(
        "access log of uvicorn",
        rf'^(?P<proof>{PYTHON_LEVEL}): +(?P<client>[^\s"]+) - (?P<message>"(?P<http_method>[A-Z]+) (?P<path>\S+)'
        r' HTTP/(?P<protocol>[\d.]+)" (?P<status_code>\d{3})[^\n]*)$',
        attributes={"client.address": "{client}", "network.protocol.version": "{protocol}"},
    ),
    Layout("uvicorn", rf"^(?P<proof>{PYTHON_LEVEL}): {{3,}}(?P<message>.*)$"),
    Layout("logging without times", rf"^(?P<proof>{PYTHON_LEVEL}):{_LOGGER}:(?P<message>.*)$"),
)

_UWSGI = (
    r"\[pid: (?P<pid>\d+)\|app: [^|\n]*\|req: [^\]\n]*\] (?P<client>\S+) \((?P<user_id>[^)\n]*)\) \{[^}\n]*\}"
    r" \[<time>\] (?P<message>(?P<http_method>[A-Z]+) (?P<path>\S+) => generated (?P<size>\d+) bytes in"
    r" (?P<duration>\d+ \w+) \(HTTP/(?P<protocol>[\d.]+) (?P<status_code>\d{3})\).*)"
)
_ACCESS = {"network.protocol.version": "{protocol}", "http.response.body.size": "{size}"}

FORMAT = text_format(
    name="python",
    title="loggers of Python: logging, uvicorn, gunicorn, uWSGI, Celery, Airflow, loguru",
    marks="time, logger and level in one of the orders these loggers use; uvicorn: a level, a colon and spaces",
    example="2026-01-15 09:00:00,250 - app.orders - WARNING - retrying in 2 s\n",
    layouts=Layouts(
        known=(*rows((ISO,), _PATTERNS), *rows((CTIME,), {"uWSGI": _UWSGI}, attributes=_ACCESS), *_UNTIMED),
        head=rf"^\[?\d{{4}}-[^\n]{{0,100}}{PYTHON_LEVEL}\b|^{PYTHON_LEVEL}:|^\[pid: \d",
    ),
    certainty=0.75,
)
