"""PostgreSQL's csvlog: 23 to 26 fields, statements over several lines among them."""

from __future__ import annotations

from loglens.ingest.formats.postgres import LEVEL, LEVELS, TIMED
from loglens.ingest.layout import Layout, Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import ISO

_TEXTS = ("message", "detail", "hint", "internal", "place", "context", "query", "query_place", "location", "app")


def _fields(*names: str) -> str:
    """Return the pattern of fields that follow one another, each behind a comma."""
    return "".join(rf',(?P<{name}>"(?:[^"]|"")*"|[^",\n]*)' for name in names)


def _plain(name: str) -> str:
    """Return the SQL of a field without its quotes."""
    inside = f"replace(substr({{{name}}}, 2, length({{{name}}}) - 2), chr(34) || chr(34), chr(34))"
    return f"CASE WHEN starts_with({{{name}}}, chr(34)) THEN {inside} ELSE {{{name}}} END"


_MESSAGE = _plain("message")
_PATTERN = (
    rf"^(?P<time>{ISO.pattern}){_fields('user', 'database', 'pid', 'client', 'session', 'number', 'tag', 'begun')}"
    rf",(?P<vxid>[^,\n]*),(?P<xid>\d*),(?P<level>{LEVEL}),(?P<code>\w{{5}}){_fields(*_TEXTS)}(?P<rest>(?:,[^\n]*)?)$"
)
_LAYOUT = Layout(
    "csvlog",
    _PATTERN,
    unit="ms",
    levels=LEVELS,
    columns={
        "message": _MESSAGE,
        "error_type": "CASE WHEN {code} <> '00000' THEN {code} END",
        "duration": "nullif(regexp_extract({message}, '^\"?duration: ([0-9.]+) ms', 1), '')",
    },
    attributes={
        "db.query.text": f"coalesce(nullif(regexp_extract({_MESSAGE}, '{TIMED}', 4, 's'), ''), {_plain('query')})",
        "postgresql.parameters": rf"regexp_extract({_plain('detail')}, '^[Pp]arameters: (.*)$', 1, 's')",
        "postgresql.detail": _plain("detail"),
        "postgresql.hint": _plain("hint"),
        "postgresql.internal_query": _plain("internal"),
        "postgresql.context": _plain("context"),
        "postgresql.location": _plain("location"),
        "postgresql.application_name": _plain("app"),
        "postgresql.command": _plain("tag"),
        "postgresql.session_id": "{session}",
        "postgresql.session_line": "{number}",
        "postgresql.session_start": "{begun}",
        "postgresql.virtual_transaction_id": "{vxid}",
        "postgresql.transaction_id": "CASE WHEN {xid} <> '0' THEN {xid} ELSE '' END",
        "db.user": _plain("user"),
        "db.namespace": _plain("database"),
        "client.address": _plain("client"),
        "process.pid": "{pid}",
        "postgresql.backend_type": "regexp_extract({rest}, '^,\"?([^\",]*)', 1)",
    },
    numbers=frozenset({"process.pid", "postgresql.session_line"}),
)
_BEGINS = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* [A-Za-z0-9+:-]+,[\",]"

FORMAT = text_format(
    name="postgres_csv",
    title="PostgreSQL's csvlog",
    marks="a time with its zone, a comma, and the other columns of csvlog",
    example='2026-01-15 09:00:00.250 UTC,"shop","orders",117,"192.0.2.7:41000",6968a5c0.75,4,"SELECT",'
    '2026-01-15 08:59:00 UTC,3/17,0,LOG,00000,"duration: 1204.500 ms  statement: SELECT *\n'
    'FROM orders",,,,,,,,,"psql","client backend",,0\n',
    layouts=Layouts(known=(_LAYOUT,), head=_BEGINS, begins=_BEGINS),
    certainty=0.95,
)
