"""syslog: RFC 3164 and RFC 5424, as sent and as rsyslog, syslog-ng and journald write it to files."""

from __future__ import annotations

from dataclasses import replace

from loglens.ingest.formats.loggers import LEVEL_IN_MESSAGE, rows
from loglens.ingest.layout import Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import CLF, ISO_T, MONTH_DAY

_NAMES = "['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']"
_PRIORITY = r"(?:<(?P<priority>\d{1,3})>)"
_LEVEL = (
    f"CASE WHEN {{priority}} <> '' THEN {_NAMES}[try_cast({{priority}} AS INTEGER) % 8 + 1] ELSE {LEVEL_IN_MESSAGE} END"
)
_FACILITY = "CASE WHEN {priority} <> '' THEN CAST(try_cast({priority} AS INTEGER) // 8 AS VARCHAR) ELSE '' END"
_DATA = r'(?:-|(?:\[[^\s\]="]+(?: [^\s\]="]+="(?:[^"\\\]]|\\.)*")*\])+)'
_RFC_5424 = (
    rf"(?:{_PRIORITY}1 )?<time> (?P<host>\S+) (?P<service>\S+) (?P<process>\S+) (?P<msgid>\S+) (?P<data>{_DATA})"
    "(?: \ufeff?(?P<message>.*))?"
)
_RFC_3164 = (
    rf"{_PRIORITY}?<time> (?P<host>[^\s:]+) (?P<service>[^\s:\[(]+)(?:\((?P<module>[^\s)]*)\))?(?:\[(?P<pid>\d+)\])?: ?"
    r"(?P<message>.*)"
)


_HAPROXY = (
    rf"{_PRIORITY}?(?P<logged>{MONTH_DAY.pattern}|{ISO_T.pattern}) (?P<host>[^\s:]+) (?P<service>[^\s:\[]+)"
    r"\[(?P<pid>\d+)\]: (?P<message>(?P<client>\S+) \[<time>\] (?P<frontend>\S+) "
    r"(?P<backend>[^\s/]+)/(?P<server>\S+) (?:-?\d+/){4}\+?(?P<duration>\d+) "
    r'(?P<status_code>\d{3}) \+?(?P<size>\d+) [^\n]*"(?P<http_method>[A-Z]+) (?P<path>[^\s"]+)[^"\n]*"?)'
)
_HAPROXY_ATTRIBUTES = {
    "http.response.body.size": "{size}", "haproxy.frontend": "{frontend}", "haproxy.backend": "{backend}",
    "haproxy.server": "{server}", "syslog.timestamp": "{logged}", "syslog.facility": _FACILITY,
}  # fmt: skip

FORMAT = text_format(
    name="syslog",
    title="syslog, RFC 3164 and RFC 5424, and requests of HAProxy in it",
    marks="a priority in angle brackets, or a time that begins with the month, then host and program",
    example="<34>Jan 15 09:00:00 db-1 sshd[117]: Failed password for root from 192.0.2.7\n",
    layouts=Layouts(
        known=tuple(
            rows(
                (ISO_T,),
                {"RFC 5424": _RFC_5424},
                columns={"level": _LEVEL},
                attributes={
                    "syslog.facility": _FACILITY,
                    "process.pid": "{process}",
                    "syslog.msgid": "{msgid}",
                    "syslog.structured_data": "{data}",
                },
            )
        )
        + tuple(
            replace(layout, unit="ms")
            for layout in rows((CLF,), {"HAProxy": _HAPROXY}, columns={"level": _LEVEL}, attributes=_HAPROXY_ATTRIBUTES)
        )
        + tuple(
            rows(
                (MONTH_DAY, ISO_T),
                {"RFC 3164": _RFC_3164},
                columns={"level": _LEVEL},
                attributes={"syslog.facility": _FACILITY, "syslog.module": "{module}"},
            )
        ),
        head=r"^(?:<\d{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\dT)",
    ),
    certainty=0.9,
)
