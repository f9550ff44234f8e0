"""Plain text: a line is a record, with the time and the level that can be found in it."""

from __future__ import annotations

from loglens.ingest.formats.loggers import LEVEL_IN_MESSAGE, LEVEL_WORDS
from loglens.ingest.layout import Layout, Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import (
    CLF,
    CTIME,
    DAY_MONTH_NAME,
    DOTTED,
    ISO,
    MONTH_FIRST,
    SLASHED,
    TIME_OF_DAY,
    TimeLayout,
)

_TIMES = (ISO, SLASHED, CLF, CTIME, DAY_MONTH_NAME, MONTH_FIRST, DOTTED)
_LOUD, _SET_OFF = LEVEL_WORDS.upper(), r"(?:[\])>:|]|[ \t]+[-|:][ \t]|\t)"
_GAP = r"[\])>\"']?[ \t:,;|-]*"
_LEVEL = rf"[\[(<]?(?:(?P<loud>{_LOUD})\b|(?P<level>(?i:{LEVEL_WORDS})){_SET_OFF}){_GAP}"
_WRITTEN = "nullif({loud} || {level}, '')"


def _layouts(time: TimeLayout) -> tuple[Layout, ...]:
    """Return the layouts with a time: before a level, behind one, or further on."""
    group = rf"(?P<time>{time.pattern})"
    either = {"level": f"coalesce({_WRITTEN}, {LEVEL_IN_MESSAGE})"}
    return (
        Layout(time.name, rf"^[\[(<\"']?{group}{_GAP}(?:{_LEVEL})?(?P<message>.*)$", time, columns=either),
        Layout(
            f"level, {time.name}",
            rf"^{_LEVEL}[\[(<\"']?{group}{_GAP}(?P<message>.*)$",
            time,
            columns={"level": _WRITTEN},
        ),
        Layout(
            f"text, {time.name}", rf"^(?P<message>[^\n]{{1,120}}?{group}.*)$", time, columns={"level": LEVEL_IN_MESSAGE}
        ),
    )


_LEVEL_ONLY = Layout("level", rf"^(?P<proof>{_LEVEL})(?P<message>.*)$", columns={"level": _WRITTEN})

FORMAT = text_format(
    name="plain",
    title="plain text with times",
    marks="a time, or a level, in most lines; or a file that is named itself or called a log",
    example="2026-01-15 09:00:00 listening on port 8080\n",
    layouts=Layouts(
        known=(
            *(layout for time in _TIMES for layout in _layouts(time)),
            *_layouts(TIME_OF_DAY)[:2],
            _LEVEL_ONLY,
        ),
        head=rf"^[^\n]{{0,120}}?\d:\d\d:\d\d|^{_LEVEL}",
    ),
    certainty=0.3,
)
