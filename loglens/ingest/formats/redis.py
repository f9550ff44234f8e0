"""Redis and Valkey: process, role, time, a sign for the level."""

from __future__ import annotations

from loglens.ingest.formats.loggers import rows
from loglens.ingest.layout import Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import DAY_MONTH, DAY_MONTH_NAME

_LEVELS = {".": 5, "-": 6, "*": 10, "#": 13}
_ROLE = "CASE {role} WHEN 'X' THEN 'sentinel' WHEN 'C' THEN 'child' WHEN 'S' THEN 'replica' ELSE 'master' END"
_LEVEL = r"(?P<level>[.*#-])"

FORMAT = text_format(
    name="redis",
    title="Redis and Valkey",
    marks="a process id, a letter for the role, the time, and a sign for the level",
    example="1:M 15 Jan 2026 09:00:00.250 # Server started, Redis version 7.2.4\n",
    layouts=Layouts(
        known=(
            *rows(
                (DAY_MONTH_NAME,),
                {"Redis": rf"(?P<pid>\d+):(?P<role>[XCSM]) <time> {_LEVEL} (?P<message>.*)"},
                attributes={"redis.role": _ROLE},
                levels=_LEVELS,
                absent=("",),
            ),
            *rows(
                (DAY_MONTH,), {"Redis before 3": rf"\[(?P<pid>\d+)\] <time> {_LEVEL} (?P<message>.*)"}, levels=_LEVELS
            ),
        ),
        head=r"^\d+:[XCSM] \d|^\[\d+\] \d\d [A-Z]",
    ),
    certainty=0.95,
)
