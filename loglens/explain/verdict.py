"""The answer in a few sentences: where the time goes or what failed, what those requests have in common, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loglens.analysis import Row
from loglens.explain.words import LOGGED, has_text, is_text, share
from loglens.wording import duration

if TYPE_CHECKING:
    from loglens.explain.comparison import Comparison

# A component is named where it takes this share of the extra time, and one way of it where that is this much of it.
_MAIN = 0.3
_MOSTLY = 0.7
# What so many of one side have explains the side; what fewer have at most a part of it.
HALF = 0.5


def sentence(told: Sequence[Row], comparison: Comparison) -> str:
    """Return the verdict over the rows of an answer."""
    said = [*_slower(told), *failed(told), *_component(told)]
    first = next((row for row in told if row["part"] == "attribute"), None)
    is_whole = first is not None and first["tail_ratio"] >= HALF
    apart = (not is_whole and list(_failure(told))) or apart_text(told, comparison)
    word, other = comparison.words
    nothing = f"Nothing that was recorded sets the {word} requests apart from the {other} ones."
    return " ".join([*said, *(apart or [nothing])])


def of_rest(told: Sequence[Row], rest: Comparison) -> str:
    """Return what is said of the requests that a first cause leaves over, over their rows."""
    lead = f"Without those, {rest.read[0]:,} {rest.words[0]} ones are left."
    return " ".join([lead, *_component(told), *apart_text(told, rest)])


def apart_text(told: Sequence[Row], comparison: Comparison) -> list[str]:
    """Return sentences of what sets one side apart, and of when its requests began."""
    return [*_attribute(told, comparison.sides), *(row["note"] for row in told if row["part"] == "time")]


def component_name(row: Row) -> str:
    """Return a component as it is written in sentences and tables."""
    return f"{row['service'] or '(no service)'}: {row['name'] or '(no name)'}"


def change(row: Row) -> str:
    """Say whether a component is called more often or each call takes longer, in numbers."""
    tail, body = row["tail_calls"], row["body_calls"]
    if not body:
        return f"{duration(row['tail_ms'])} in {_times(tail)}, which typical requests do not make"
    if not tail:
        return "which slow requests do not make"
    calls = f"{_times(tail)} a request instead of {_times(body)}"
    a_call = "" if tail == body == 1 else " a call"
    each = f"{duration(row['tail_ms'] / tail)}{a_call} instead of {duration(row['body_ms'] / body)}"
    if row["slower_calls_ms"] >= _MOSTLY * row["extra_ms"]:
        return each
    return calls if row["more_calls_ms"] >= _MOSTLY * row["extra_ms"] else f"{calls}, {each}"


def _times(calls: float) -> str:
    written = f"{calls:,.0f}" if calls >= 99.5 or calls == round(calls) else f"{calls:.2g}"
    return f"{written} call" if calls == 1 else f"{written} calls"


def _slower(told: Sequence[Row]) -> Iterator[str]:
    requests = next(row for row in told if row["part"] == "requests")
    if any(row["part"] == "component" for row in told):
        tail, body = duration(requests["tail_ms"]), duration(requests["body_ms"])
        yield f"Slow requests take {tail} on average, typical ones {body}."


def failed(told: Sequence[Row]) -> Iterator[str]:
    """Yield where most of the failed requests failed, and with which error."""
    failures = [row for row in told if row["part"] == "failure"]
    spans = [row for row in failures if row["name"] != LOGGED]
    if not failures:
        return
    if not spans:
        yield f"{share(failures[0]['tail_ratio'])} of the failed ones logged: {failures[0]['value']}."
        return
    first = spans[0]
    same = [row for row in spans if (row["service"], row["name"]) == (first["service"], first["name"])]
    ratio = min(sum(row["tail_ratio"] for row in same), 1.0)
    where = component_name(first) if first["name"] else first["service"] or "(no service)"
    often = "most often " if len(same) > 1 else ""
    yield f"{share(ratio)} of the failed ones fail in {where} ({often}{first['value']})."


def _component(told: Sequence[Row]) -> Iterator[str]:
    components = [row for row in told if row["part"] == "component"]
    if len(components) > 1 and (components[0]["extra_ratio"] or 0) >= _MAIN:
        first = components[0]
        yield f"{share(min(first['extra_ratio'], 1.0))} of the difference is {component_name(first)}: {change(first)}."


def _failure(told: Sequence[Row]) -> Iterator[str]:
    """Yield what sets those apart that failed in one of several ways, if anything does; the most frequent such way."""
    for row in told:
        if row["part"] == "failure" and row.get("note"):
            yield f'Those with "{row["value"]}": {row["note"][0].lower()}{row["note"][1:]}'
            return


def _attribute(told: Sequence[Row], sides: tuple[str, str]) -> Iterator[str]:
    """Yield what says most, and where only failed or slow ones have that, what sets them apart beforehand."""
    found = [row for row in told if row["part"] == "attribute"]
    causes = [row for row in found if row["body_requests"]]
    first = found[:1]
    for row in [*first, *(causes[:1] if first and first[0] not in causes else [])]:
        text = has_text(row["name"], row["value"])
        if row["and_name"]:
            text += f" and {is_text(row['and_name'], row['and_value'])}"
        yield (f"{share(row['tail_ratio'])} of {sides[0]}, and {share(row['body_ratio'])} of {sides[1]}, {text}.")
