"""One finding told whole, for a terminal: what, where, since when, what it costs, how it is known, and one request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loglens import wording
from loglens.analysis import Row
from loglens.answer import Answer
from loglens.excerpt import excerpt
from loglens.finding_list import cost, when
from loglens.paragraph import LONGEST, wrapped
from loglens.text import visible
from loglens.waterfall import draw as draw_trace

_LABEL = 10
# A waterfall of more lines no longer shows at a glance where the time went.
_MOST_SPANS = 24


def draw(rows: Sequence[Row], width: int, trace: Sequence[Row], follow: Answer | None = None) -> str:
    """Return the story of one finding in lines of at most `width` columns.

    `trace` are the rows of its exemplar, `follow` is an answer that belongs to it.
    """
    return "".join(f"{line}\n" for row in rows for line in _story(row, width, trace, follow))


def _story(row: Row, width: int, trace: Sequence[Row], follow: Answer | None) -> Iterator[str]:
    room = min(width, LONGEST)
    yield f"{row['severity']}  {row['detector']} {row['fingerprint']}"
    yield from _labelled("where", " ".join(visible(part) for part in (row["service"], row["subject"]) if part), room)
    yield from _labelled("call", visible(row["statement"] or ""), room)
    yield from _labelled("what", visible(row["summary"]), room)
    yield from _labelled("when", when(row).removeprefix("Seen ").removesuffix("."), room)
    yield from _labelled("cost", cost(row), room)
    yield from _labelled("do", visible(row["advice"]), room)
    for caveat in json.loads(row["caveats"]):
        yield from _labelled("but", visible(caveat), room)
    yield from _labelled("part of", row["part_of"] or "", room)
    yield from _labelled("ack", _ack(row), room)
    yield ""
    yield from _labelled("evidence", ", ".join(_numbers(json.loads(row["evidence"]))), room)
    for number, gate in enumerate(json.loads(row["gates"])):
        yield from _labelled("" if number else "gates", _gate(gate), room)
    short = row["fingerprint"][:8]
    yield from _labelled("again", f'loglens sql "$(loglens findings show {short} --sql)"', room)
    if follow is not None and follow.draw is not None:
        yield ""
        yield from follow.draw(follow.rows(), width).splitlines()
    if trace:
        yield ""
        yield from draw_trace(trace, width, excerpt(trace, _MOST_SPANS)).splitlines()


def _labelled(label: str, text: str, width: int) -> Iterator[str]:
    for number, line in enumerate(wrapped(text, width - _LABEL)):
        yield f"{'' if number else label:<{_LABEL}}{line}"


def _ack(row: Row) -> str:
    if row["ack_reason"] is None:
        return ""
    until = None if row["ack_until_ts"] is None else wording.moment(row["ack_until_ts"])
    held = "for good" if until is None else f"until {until}" if row["is_acked"] else f"and ended {until}"
    return f"acknowledged {held}: {visible(row['ack_reason'])}"


def _numbers(evidence: Mapping[str, Any]) -> Iterator[str]:
    for name, value in evidence.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            words = name.removesuffix("_ms").removesuffix("_s").replace("_ratio", "_share").replace("_", " ")
            yield f"{words} {wording.amount(name, value)}"
        elif value is not None:
            yield f"{name.replace('_', ' ')} {visible(str(value))}"


def _gate(gate: Mapping[str, Any]) -> str:
    conditions = [gate, *gate.get("or", ())]
    return ", or ".join(_condition(condition) for condition in conditions)


def _condition(gate: Mapping[str, Any]) -> str:
    rule = "at_most" if "at_most" in gate else "at_least"
    seen = "not known" if gate["value"] is None else wording.amount(gate["param"], gate["value"])
    needed = "nothing set" if gate[rule] is None else wording.amount(gate["param"], gate[rule])
    return f"{visible(gate['what'])}: {seen}, needs {rule.replace('_', ' ')} {needed} ({gate['param']})"
