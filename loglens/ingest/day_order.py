"""Whether days or months come first in times such as `03/04/2026 10:00:00`: what all of them together say."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.ingest.reader import Ask, Reading
from loglens.ingest.sql_text import quoted
from loglens.ingest.time_layouts import DAY_FIRST, MONTH_FIRST, TimeLayout
from loglens.wording import counted

SUBJECT = "order of day and month"
_DAY_NS = 86_400_000_000_000


def order_of(reading: Reading, ask: Ask, patterns: Sequence[str]) -> TimeLayout:
    """Return the layout of the times in records that fit one of some patterns, and note why it is that one.

    A number beyond twelve is a day. Where there is none, it is the order in which no record is later than the file,
    months first in doubt.
    """
    fits = " OR ".join(f"regexp_matches(text, {quoted(pattern)}, 's')" for pattern in patterns)
    later = [
        f"count(*) FILTER ({order.ns_sql('time', reading.zone)} > {reading.modified_ns + _DAY_NS})"
        for order in (MONTH_FIRST, DAY_FIRST)
    ]
    ((first, second, month_late, day_late),) = ask(
        f"""
        SELECT count(*) FILTER (a > 12), count(*) FILTER (b > 12), {", ".join(later)}
        FROM (
            SELECT
                time,
                try_cast(split_part(time, '/', 1) AS INTEGER) AS a,
                try_cast(split_part(time, '/', 2) AS INTEGER) AS b
            FROM (SELECT regexp_extract(text, {quoted(MONTH_FIRST.pattern)}) AS time FROM input WHERE {fits})
        )
        """
    )
    if first != second:
        order, why = (DAY_FIRST, first) if first > second else (MONTH_FIRST, second)
        reading.assume(SUBJECT, f"{order.name}, by {counted(why, 'date')} with a number beyond twelve")
        return order
    if month_late != day_late:
        order = DAY_FIRST if month_late > day_late else MONTH_FIRST
        reading.assume(SUBJECT, f"{order.name}: else records would be later than the file")
        return order
    reading.assume(SUBJECT, f"{MONTH_FIRST.name}, as nothing in the file says which")
    return MONTH_FIRST
