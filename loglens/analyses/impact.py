"""Impact: who felt it, between two times: users, sessions, tenants and routes, beside what is usual."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Origin, Param, Row, Value
from loglens.errors import UsageError
from loglens.impact_counts import IMPACT
from loglens.scope import FIRST_NS, LAST_NS, parse_length, parse_when, resolve


def _time(name: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        parse_when(name, text)
        return text

    return parse


def _bind(ends: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    first_ns, last_ns = ends[0]["first_ns"], ends[0]["last_ns"]
    from_ns, to_ns = (
        (int(values["burst_from_ns"] or 0), int(values["burst_to_ns"] or 0))
        if "burst_from_ns" in values
        else resolve(_text(values["from_"]), _text(values["to"]), lambda: last_ns, ("from", "to"))
    )
    if first_ns is not None:
        from_ns, to_ns = max(from_ns, first_ns), min(to_ns, last_ns + 1)
    told = {name: values.get(name) for name in ("of_service", "of_route")}
    return {
        "from_ns": max(from_ns, FIRST_NS),
        "to_ns": min(to_ns, LAST_NS),
        **told,
        "nameless": first_ns is not None and not ends[0]["is_told"],
    }


def _notes(values: Mapping[str, Any]) -> Sequence[str]:
    return ["No request tells who made it: no user, session or client address is in the data."] * values["nameless"]


def _take(row: Row, values: Mapping[str, Value]) -> Mapping[str, Value]:
    if values["from_"] is not None or values["to"] is not None:
        raise UsageError("impact: a burst has its own begin and end. Take either --burst, or --from and --to.")
    times = {"burst_from_ns": row["first_ts"], "burst_to_ns": row["last_ts"]}
    return {**times, "of_service": row["service"], "of_route": row["route"]}


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


ANALYSIS = Analysis(
    name="impact",
    title="Impact",
    question="Who felt it between two times: which users, sessions and tenants, on which routes, beyond what is usual?",
    params=(
        Param("from_", None, "Begin of what happened: a time as for --since.", metavar="TIME", parse=_time("from")),
        Param("to", None, "End of it: a time as for --until.", metavar="TIME", parse=_time("to")),
        Param(
            "burst",
            None,
            "The burst by its burst_id, or the beginning of one: its time, and the requests that came to where it was.",
            metavar="ID",
        ),
        Param("route", None, "Only requests to this route."),
        Param(
            "slower_than",
            "0ms",
            "Who waited longer than this felt it too; 0ms: only who got an error.",
            metavar="LENGTH",
            parse=parse_length,
        ),
        Param(
            "retry_within",
            "5s",
            "Who got the same route answered well this soon after a failure did not feel it.",
            metavar="LENGTH",
            parse=parse_length,
            reason="Clients that try again by themselves wait a second or two.",
        ),
    ),
    columns={
        "part": (
            "What the row is about: all requests, those of nobody known (where they failed), a route, a tenant, or a"
            " client that asks far more than others."
        ),
        "name": "The service and route, the tenant, or the client.",
        "identity": "By what users are told apart: user, session, or address and browser.",
        "active": "Users who asked anything.",
        "affected": "Those who felt it: an error that no retry made good, or too long a wait.",
        "affected_ratio": "Their share.",
        "usual": "How many of so many feel something in a time like this that came before; null where none did.",
        "excess": "Affected beyond what is usual.",
        "fully_down": "Users of whom every request failed.",
        "sessions": "Sessions in which it was felt: requests of one user with no gap of half an hour.",
        "new_users": "Affected users who had not been seen before.",
        "requests": "Requests they all made.",
        "failed": "Requests that failed.",
        "anonymous": "Requests that tell nothing of who made them; they are in no other count of users.",
        "exemplar_trace_id": "The last request that was felt.",
    },
    key=("part", "name", "identity"),
    rows_named="requests",
    limit=30,
    subject="name",
    aside=lambda _: ("exemplar_trace_id", "new_users", "anonymous", "sessions", "requests", "identity", "usual"),
    spread="local",
    prepare="""
        SELECT
            min(start_ns) AS first_ns,
            max(start_ns) AS last_ns,
            -- It stops at the first.
            EXISTS (FROM request_identities WHERE who IS NOT NULL) AS is_told
        FROM requests
        WHERE in_scope(start_ns, $since_ns, $until_ns)
        ORDER BY first_ns
    """,
    bound=("from_ns", "to_ns", "of_service", "of_route", "nameless"),
    bind=_bind,
    notes=_notes,
    origin=Origin("bursts", "burst", "burst_id", _take),
    sql=IMPACT,
    examples=(
        "loglens impact --from 2026-01-15T09:09:00Z --to 2026-01-15T09:14:00Z",
        "loglens impact --from 20m --slower-than 2s",
        "loglens impact --burst 0e6f02fe",
    ),
)
