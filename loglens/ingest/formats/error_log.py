"""Error logs of nginx and Apache."""

from __future__ import annotations

from loglens.ingest.layout import Layout, Layouts, Part
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import CTIME, SLASHED

_APACHE_LEVELS = {f"trace{number}": 1 for number in range(1, 9)}
_NGINX = Layout(
    "nginx",
    rf"^(?P<time>{SLASHED.pattern}) \[(?P<level>[a-z]+)\] (?P<pid>\d+)#(?P<tid>\d+): (?:\*(?P<connection>\d+) )?"
    r"(?P<message>.*?)(?:, client: (?P<client>[^,\n]*))?(?:, server: (?P<server>[^,\n]*))?"
    r'(?:, request: "(?P<request>[^"\n]*)")?(?:, subrequest: "[^"\n]*")?(?:, upstream: "(?P<upstream>[^"\n]*)")?'
    r'(?:, host: "(?P<host>[^"\n]*)")?(?:, referrer: "(?P<referrer>[^"\n]*)")?$',
    SLASHED,
    parts=(Part("request", r"^(?P<http_method>[A-Z]+) (?P<path>\S+)"),),
    attributes={
        "process.pid": "{pid}", "thread.id": "{tid}", "nginx.connection": "{connection}", "client.address": "{client}",
        "server.address": "{server}", "nginx.upstream": "{upstream}", "http.request.header.host": "{host}",
        "http.request.header.referer": "{referrer}",
    },
    numbers=frozenset({"process.pid", "thread.id", "nginx.connection"}),
)  # fmt: skip
_APACHE = Layout(
    "Apache",
    rf"^\[(?P<time>{CTIME.pattern})\] \[(?:(?P<logger>\w*):)?(?P<level>[a-z]+\d?)\] "
    r"(?:\[pid (?P<pid>\d+)(?::tid (?P<tid>\d+))?\] )?(?:\[(?:client|remote) (?P<client>[^\]\n]+)\] )?(?P<message>.*)$",
    CTIME,
    attributes={"process.pid": "{pid}", "thread.id": "{tid}", "client.address": "{client}"},
    numbers=frozenset({"process.pid", "thread.id"}),
    levels=_APACHE_LEVELS,
)

FORMAT = text_format(
    name="error_log",
    title="error logs of nginx and Apache",
    marks="nginx: a time with slashes and a level in brackets; Apache: both in brackets, the time with its weekday",
    example="2026/01/15 09:00:00 [error] 17#17: *4 connect() failed (111: Connection refused) while connecting to"
    ' upstream, client: 192.0.2.7, server: example.com, request: "GET /users/17 HTTP/1.1", upstream: "http://10.0.0.4:8080/",'
    ' host: "example.com"\n',
    layouts=Layouts(
        known=(_NGINX, _APACHE),
        head=r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[|^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d ",
        within=r"^PHP message: ",
    ),
    certainty=0.9,
)
