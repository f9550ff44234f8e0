"""Finding the route a user means: as `slow` prints it, cut in its middle too, with a method before it, or nearly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loglens.analysis import Row
from loglens.errors import NotFound, UsageError
from loglens.nearest import nearest

# The routes there are.
ROUTES = """
    SELECT
        service                                          AS service,
        route                                            AS route,
        is_health                                        AS is_health,
        count(*)                                         AS requests,
        count(*) FILTER (WHERE duration_ns >= 0)         AS measured,
        count(*) FILTER (WHERE is_error)                 AS failed
    FROM requests
    WHERE
        in_scope(start_ns, $since_ns, $until_ns)
        AND ($service IS NULL OR service = $service)
    GROUP BY service, route, is_health
    ORDER BY service, route, is_health
"""

# The word for every route; a route of that name goes first.
EVERY = "all"
_CUT = re.compile(r"…|\.\.\.")
_METHOD = re.compile(r"(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY) +(?=/)")
_LISTED = 5


@dataclass(frozen=True)
class NamedRoute:
    """The route that was found and its service; a `route` of None stands for every route that is no health check."""

    service: str | None
    route: str | None
    requests: int
    measured: int
    failed: int


def find_route(asked: str, routes: Sequence[Row], service: str | None) -> NamedRoute:
    """Return the route that was asked for among rows of service, route, requests, measured, failed and is_health.

    Raises NotFound with the nearest one, and UsageError where several fit.
    """
    found = _matching(asked, routes)
    if not found and asked == EVERY:
        return _every([row for row in routes if not row["is_health"]], service)
    if not found:
        raise NotFound(f"No requests of route {asked!r}{_of(service)}. {_suggest(asked, routes)}")
    if len(found) > 1:
        listed = ", ".join(_spelled(row) for row in found[:_LISTED]) + (", …" if len(found) > _LISTED else "")
        same = len({row["route"] for row in found}) == 1
        told = "Name one with --service" if same else "Write more of the one you mean"
        raise UsageError(f"{asked!r} fits {len(found)} routes: {listed}. {told}.")
    (row,) = found
    return NamedRoute(row["service"], row["route"], row["requests"], row["measured"], row["failed"])


def _matching(asked: str, routes: Sequence[Row]) -> list[Row]:
    wanted = _METHOD.sub("", asked.strip())
    for name in dict.fromkeys((asked, wanted)):
        if exact := [row for row in routes if row["route"] == name]:
            return exact
    if not _CUT.search(wanted):
        return []
    pattern = re.compile(".+".join(re.escape(part) for part in _CUT.split(wanted)))
    return [row for row in routes if row["route"] is not None and pattern.fullmatch(row["route"])]


def _every(rows: Sequence[Row], service: str | None) -> NamedRoute:
    if not rows:
        raise NotFound(f"No requests{_of(service)} to compare. `loglens traffic` shows when there were some.")
    requests, measured, failed = (sum(row[name] for row in rows) for name in ("requests", "measured", "failed"))
    services = {row["service"] for row in rows}
    return NamedRoute(services.pop() if len(services) == 1 else None, None, requests, measured, failed)


def _suggest(asked: str, routes: Sequence[Row]) -> str:
    names = list(dict.fromkeys(row["route"] for row in routes if row["route"] is not None))
    if not names:
        return "There are none at all; `loglens sources` shows what was read."
    found = nearest(asked, names)
    return f"Did you mean {found!r}?" if found else "`loglens slow` lists the routes."


def _spelled(row: Row) -> str:
    return f"{row['service'] or '(no service)'} {row['route']}"


def _of(service: str | None) -> str:
    return f" of {service}" if service else ""
