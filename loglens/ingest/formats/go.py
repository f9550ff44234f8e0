"""Loggers of Go: log, logrus and zap as they write to a terminal."""

from __future__ import annotations

from loglens.ingest.formats.loggers import rows
from loglens.ingest.layout import Layout, Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import ISO, SLASHED

_PLACE = r"(?P<file>[\w./@-]+[.]go):(?P<file_line>\d+)"
_LEVEL = r"(?P<level>debug|info|warn|error|dpanic|panic|fatal|DEBUG|INFO|WARN|ERROR|DPANIC|PANIC|FATAL)"
_LOGRUS = {"TRAC": 1, "DEBU": 5, "INFO": 9, "WARN": 13, "ERRO": 17, "FATA": 21, "PANI": 21}

FORMAT = text_format(
    name="go",
    title="loggers of Go: log, logrus, zap",
    marks="zap: tabs between time, level and message; log: a place in a .go file; logrus: INFO[0042]",
    example="2026/01/15 09:00:00 main.go:17: listening on :8080\n",
    layouts=Layouts(
        known=(
            *rows((ISO,), {"zap": rf"<time>\t{_LEVEL}\t(?:(?P<logger>[\w.-]+)\t)?(?:{_PLACE}\t)?(?P<message>[^{{].*)"}),
            *rows((SLASHED,), {"log with places": rf"<time> {_PLACE}: (?P<message>.*)"}),
            Layout(
                "logrus",
                rf"^(?P<level>{'|'.join(_LOGRUS)})\[(?P<proof>\d{{4,}})\] (?P<message>.*)$",
                levels=_LOGRUS,
                attributes={"logrus.seconds": "{proof}"},
            ),
        ),
        head=rf"^\d{{4}}[-/][^\n]{{6,30}}(?:\t|[\w./@-]+[.]go:)|^(?:{'|'.join(_LOGRUS)})\[",
    ),
    certainty=0.8,
)
