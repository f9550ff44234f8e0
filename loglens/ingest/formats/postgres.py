"""PostgreSQL: the text log with any usual log_line_prefix; the further lines of a report stay with it."""

from __future__ import annotations

from loglens.ingest.layout import Layout, Layouts, Part
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import EPOCH, ISO, TimeLayout

LEVELS = {
    "LOG": 9, "INFO": 9, "NOTICE": 10, "WARNING": 13, "ERROR": 17, "FATAL": 21, "PANIC": 21,
    **{f"DEBUG{number}": 5 for number in ("", 1, 2, 3, 4, 5)},
}  # fmt: skip
LEVEL = r"(?:DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC)"
_MORE = r"(?:DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION|BACKTRACE)"
# Statements are logged with how long they took, and which step it was.
TIMED = (
    r"^(?:duration: (?P<duration>[\d.]+) ms(?:$|  ))?"
    r"(?:(?P<step>statement|parse|bind|execute fetch from|execute|fastpath function call)(?: (?P<name>[^:\n]*))?: "
    r"(?P<statement>.*))?"
)
_KEPT = ("DETAIL", "HINT", "CONTEXT", "QUERY", "LOCATION")
_COMMON = {"postgresql.step": "{step}", "postgresql.prepared_statement": "{name}"}


def _more(word: str) -> str:
    """Return the SQL of what stands behind a word in further lines of a report."""
    return rf"regexp_extract({{further}}, '(?:^|\n)[^\n]*?\b{word}:  (.*?)(?:\n[^\n\t]*?\b{_MORE}:  |$)', 1, 's')"


def _in_prefix(pattern: str) -> str:
    """Return the SQL of what a pattern finds in the prefix of a line."""
    return f"regexp_extract({{prefix}}, '{pattern}', 1)"


_ADDRESS = (
    f"coalesce(nullif({_in_prefix(r'(?:client|host)=([A-Za-z0-9.:-]+)')}, ''), "
    f"{_in_prefix(r'([0-9a-f][0-9a-f.:]*)[(][0-9]+[)]')})"
)


def _text(time: TimeLayout) -> Layout:
    return Layout(
        f"text, {time.name}",
        rf"^(?P<time>{time.pattern})(?P<prefix>[^\n]{{0,200}}?)\b(?P<level>{LEVEL}|{_MORE}):  "
        rf"(?:(?P<code>[0-9A-Z]{{5}}): )?(?P<message>.*?)(?:\n(?P<further>[^\n\t]*?\b{_MORE}:  .*))?$",
        time,
        parts=(Part("message", TIMED),),
        unit="ms",
        levels=LEVELS,
        columns={"error_type": "CASE WHEN {code} NOT IN ('', '00000') THEN {code} END"},
        attributes={
            "db.query.text": f"coalesce(nullif({{statement}}, ''), {_more('STATEMENT')})",
            "postgresql.parameters": r"regexp_extract({further}, 'DETAIL:  [Pp]arameters: (.*?)(?:\n[^\t]|$)', 1, 's')",
            **_COMMON,
            **{
                f"postgresql.{word.lower()}": _more(word) for word in ("DETAIL", "HINT", "CONTEXT", "QUERY", "LOCATION")
            },
            "db.user": _in_prefix(r"(?:user=|\b)([\w.$-]+|\[unknown\])(?:@|,db=| db=)"),
            "db.namespace": _in_prefix(r"(?:@|db=)([\w.$-]+|\[unknown\])"),
            "postgresql.application_name": _in_prefix(r"app=([^,\]\n]*)"),
            "client.address": _ADDRESS,
            "process.pid": _in_prefix(r"\[(\d+)"),
            "postgresql.session_id": _in_prefix(r"\b([0-9a-f]{{8}}\.[0-9a-f]+)\b"),
            "postgresql.log_line_prefix": "trim({prefix})",
        },
        numbers=frozenset({"process.pid"}),
    )


_HEAD = r"^\d[\d.: T+-]{8,36}[^\n]{0,200}?\b"

FORMAT = text_format(
    name="postgres",
    title="PostgreSQL with any log_line_prefix",
    marks="a time, any prefix, then LOG, ERROR, STATEMENT and the like with a colon and two spaces",
    example="2026-01-15 09:00:00.250 UTC [117] shop@orders LOG:  duration: 1204.500 ms  statement: SELECT *\n"
    "\tFROM orders WHERE id = 17\n",
    layouts=Layouts(
        known=(_text(ISO), _text(EPOCH)),
        head=rf"{_HEAD}(?:{LEVEL}|{_MORE}):  ",
        within=rf"{_HEAD}{_MORE}:  ",
    ),
    certainty=0.95,
)
