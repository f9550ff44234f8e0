"""Loggers of .NET, Ruby, Rust, PHP, Erlang and MySQL, as they write by default."""

from __future__ import annotations

from loglens.ingest.formats.loggers import rows
from loglens.ingest.layout import Layout, Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import ISO

_CAPITALS = r"(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY|FATAL)"
_PATTERNS = {
    "Ruby": r"[DIWEFA], \[<time> #(?P<pid>\d+)\] +(?P<level>[A-Z]+) -- (?P<logger>[^\n:]*): (?P<message>.*)",
    "Monolog": rf"\[<time>\] (?P<logger>[\w-]+)[.]{_CAPITALS}: (?P<message>.*)",
    "env_logger": rf"\[<time> {_CAPITALS} +(?P<logger>[\w:.-]+)\] (?P<message>.*)",
    "tracing": rf"<time> +{_CAPITALS} (?:ThreadId\(\d+\) )?(?P<spans>(?:[\w-]+\{{[^\n]*?\}}:)*) ?"
    r"(?P<logger>\w+(?:::\w+)*): (?P<message>.*)",
    "MySQL": r"<time> (?P<thread_number>\d+) \[(?P<level>[A-Z][a-z]+)\] (?:\[(?P<code>MY-\d+)\] )?"
    r"(?:\[(?P<logger>\w+)\] )?(?P<message>.*)",
    "Erlang": r"<time> \[(?P<level>[a-z]+)\] <(?P<process>[\d.]+)> (?P<message>.*)",
}
_MYSQL = {"System": 9, "Note": 10}
_DOTNET = {"trce": 1, "dbug": 5, "info": 9, "warn": 13, "fail": 17, "crit": 21}

FORMAT = text_format(
    name="console",
    title="loggers of .NET, Ruby, Rust, PHP, Erlang, and MySQL",
    marks="the way each of these loggers puts time, level and name before its message",
    example="info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://localhost:8080\n",
    layouts=Layouts(
        known=(
            *rows(
                (ISO,),
                _PATTERNS,
                attributes={
                    "mysql.error_code": "{code}", "tracing.spans": "{spans}", "erlang.process": "{process}",
                },
                levels=_MYSQL,
            ),
            Layout(
                ".NET",
                rf"^(?P<level>{'|'.join(_DOTNET)}): (?P<logger>[A-Za-z_][\w.`+]*)\[(?P<proof>\d+)\]"
                r"(?:\s+(?P<message>.*))?$",
                attributes={"event.id": "{proof}"},
                numbers=frozenset({"event.id"}),
                levels=_DOTNET,
            ),
        ),
        head=rf"^\[?(?:[DIWEFA], \[)?\d{{4}}-|^(?:{'|'.join(_DOTNET)}): ",
    ),
    certainty=0.8,
)  # fmt: skip
