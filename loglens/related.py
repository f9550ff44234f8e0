"""Which findings belong together: what explains a slow route, and routes that were slow at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loglens.finding import Finding

# Something inside a route explains it where it costs at least this share of what the route costs.
_EXPLAINS = 0.5
# Two findings came at the same time where they share at least this part of the shorter one's time.
_SHARED = 0.5


def related(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in their order, each with the fingerprint of the one it is part of, if any.

    A finding inside a route explains a finding about that route, where it costs enough. Of findings about routes of
    one service whose times stand out and are the same, all are part of the first: they have one cause, most likely.
    What is found of single routes is part of the same finding about several together.
    """
    heads: list[Finding] = []
    placed = []
    for finding in findings:
        head = next((each for each in heads if _came_with(finding, each)), None)
        if finding.is_about_route and head is None:
            heads.append(finding)
        placed.append(finding if head is None else replace(finding, part_of=head.fingerprint))
    routes = [finding for finding in findings if finding.is_about_route]
    wholes = [finding for finding in findings if finding.route is None]
    return [_of_whole(_inside(finding, routes), wholes) for finding in placed]


def _came_with(finding: Finding, head: Finding) -> bool:
    if not (finding.is_about_route and finding.is_spell and head.is_spell):
        return False
    if (finding.detector, finding.service) != (head.detector, head.service):
        return False
    times = (finding.first_ns, finding.last_ns, head.first_ns, head.last_ns)
    if None in times:
        return False
    first, last, head_first, head_last = (time or 0 for time in times)
    shared = min(last, head_last) - max(first, head_first)
    return shared >= _SHARED * min(last - first, head_last - head_first)


def _of_whole(finding: Finding, wholes: Sequence[Finding]) -> Finding:
    if finding.is_about_route or finding.route is None:
        return finding
    same = (finding.detector, finding.service, finding.subject)
    for whole in wholes:
        if (whole.detector, whole.service, whole.subject) == same:
            return replace(finding, part_of=whole.fingerprint)
    return finding


def _inside(finding: Finding, routes: Sequence[Finding]) -> Finding:
    if finding.is_about_route or finding.route is None:
        return finding
    for route in routes:
        is_there = (finding.service, finding.route) == (route.service, route.route)
        if is_there and finding.cost_ms >= _EXPLAINS * route.cost_ms:
            return replace(finding, part_of=route.fingerprint)
    return finding
